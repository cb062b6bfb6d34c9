use rusqlite::Connection;

use crate::{sqlite::fixture::open_file, unreadable_messages::check_unreadable_messages};

#[tokio::test]
async fn unreadable_message_stops_no_other_in_a_file() {
    let store = open_file();
    let connection = Connection::open(store.folder.file()).unwrap();

    check_unreadable_messages(&*store, async |sql| connection.execute_batch(sql).unwrap()).await;
}

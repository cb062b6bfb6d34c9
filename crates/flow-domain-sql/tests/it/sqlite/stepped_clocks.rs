use rusqlite::Connection;

use crate::{sqlite::fixture::open_file, stepped_clocks::check_leases};

#[tokio::test]
async fn stepped_clock_keeps_and_ends_leases() {
    let store = open_file();
    let connection = Connection::open(store.folder.file()).unwrap();

    check_leases(&*store, async |hours| {
        let micros = i64::from(hours) * 3_600_000_000;
        let sql = format!(
            "update member set alive_until = alive_until + {micros}; \
             update partition set held_until = held_until + {micros}"
        );
        connection.execute_batch(&sql).unwrap();
    })
    .await;
}

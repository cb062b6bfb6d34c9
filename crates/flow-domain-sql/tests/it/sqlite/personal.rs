use std::sync::Arc;

use flow_domain::port::Store;
use flow_domain_sql::sqlite::SqliteStore;
use rusqlite::Connection;

use crate::{
    personal::{EMAIL, PERSON, erase, is_in_files, is_part_in_files, store_personal_data},
    sqlite::fixture::TestFolder,
};

/// Moves the log into the file.
fn empty_log(folder: &TestFolder) {
    let connection = Connection::open(folder.file()).unwrap();
    let checkpoint = "pragma wal_checkpoint(truncate)";
    connection.query_row(checkpoint, [], |_| Ok(())).unwrap();
}

#[tokio::test]
async fn personal_data_is_not_readable_in_the_files() {
    let folder = TestFolder::new();
    let sqlite = Arc::new(SqliteStore::open(folder.file()).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as _;

    let secret = store_personal_data(&store).await;
    assert!(is_in_files(&folder.path, PERSON));
    assert!(is_part_in_files(&folder.path, &secret));
    assert!(!is_in_files(&folder.path, EMAIL));

    // The key is in the file from now on, and no longer in the log only.
    sqlite.vacuum().await.unwrap();
    erase(&store).await;
    empty_log(&folder);
    assert!(
        is_part_in_files(&folder.path, &secret),
        "the bytes are there"
    );
    sqlite.vacuum().await.unwrap();

    assert!(is_in_files(&folder.path, PERSON));
    assert!(!is_part_in_files(&folder.path, &secret));
    assert!(!is_in_files(&folder.path, EMAIL));
}

use std::sync::Arc;

use flow_domain::port::Store;
use flow_domain_sql::sqlite::SqliteStore;

use crate::{
    personal::{EMAIL, PERSON, erase, is_in_files, store_personal_data},
    sqlite::fixture::TestFolder,
};

#[tokio::test]
async fn personal_data_is_not_readable_in_the_files() {
    let folder = TestFolder::new();
    let sqlite = Arc::new(SqliteStore::open(folder.file()).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as _;

    let secret = store_personal_data(&store).await;
    assert!(is_in_files(&folder.path, PERSON));
    assert!(is_in_files(&folder.path, &secret));
    assert!(!is_in_files(&folder.path, EMAIL));

    erase(&store).await;
    assert!(is_in_files(&folder.path, &secret), "the bytes are there");
    sqlite.vacuum().await.unwrap();

    assert!(is_in_files(&folder.path, PERSON));
    assert!(!is_in_files(&folder.path, &secret));
    assert!(!is_in_files(&folder.path, EMAIL));
}

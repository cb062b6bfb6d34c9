use std::sync::Arc;

use flow_domain_sql::sqlite::SqliteStore;

use crate::{
    crashes::target,
    rebuilds::{check_killed_rebuild, check_memory, rebuild_and_acknowledge},
    sqlite::fixture::TestFolder,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_rebuild_goes_on_in_a_file() {
    if let Some((path, _)) = target() {
        return rebuild_and_acknowledge(Arc::new(SqliteStore::open(path).unwrap())).await;
    }

    let folder = TestFolder::new();
    let store = Arc::new(SqliteStore::open(folder.file()).unwrap());
    let name = "sqlite::rebuilds::killed_rebuild_goes_on_in_a_file";
    let path = folder.file();
    let path = path.to_str().expect("the path is text");
    check_killed_rebuild(store, name, path, async || {}).await;
}

#[tokio::test]
async fn rebuild_takes_little_memory_in_a_file() {
    let folder = TestFolder::new();
    let store = Arc::new(SqliteStore::open(folder.file()).unwrap());
    check_memory(store).await;
}

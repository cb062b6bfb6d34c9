use flow_domain_sql::sqlite::SqliteStore;

use crate::{
    crashes::{check_units, kill_writer, n_kills, target, write_units},
    sqlite::fixture::TestFolder,
};

#[tokio::test]
async fn killed_process_loses_nothing_acknowledged() {
    if let Some((path, start)) = target() {
        write_units(&SqliteStore::open(path).unwrap(), start, u32::MAX).await;
    }

    let folder = TestFolder::new();
    let path = folder.file();
    let mut acknowledged = Vec::new();
    for n in 0..n_kills() {
        let name = "sqlite::crashes::killed_process_loses_nothing_acknowledged";
        let path = path.to_str().expect("the path is text");
        acknowledged.extend(kill_writer(name, path, 1 + n * 1_000));

        let store = SqliteStore::open(path).unwrap();
        check_units(&store, &acknowledged).await;
    }
    assert!(n_kills() as usize <= acknowledged.len());
}

use flow_domain_sql::sqlite::SqliteStore;

use crate::random::{check_against_memory, seeds};

#[tokio::test]
async fn random_operations_end_as_in_memory() {
    for seed in seeds() {
        let store = SqliteStore::in_memory().expect("a database in memory");
        check_against_memory(seed, &store).await;
    }
}

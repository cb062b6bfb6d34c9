use crate::{
    postgres::fixture::open_store,
    random::{check_against_memory, seeds},
};

#[tokio::test]
async fn random_operations_end_as_in_memory() {
    for seed in seeds() {
        let store = open_store().await;
        check_against_memory(seed, &*store).await;
    }
}

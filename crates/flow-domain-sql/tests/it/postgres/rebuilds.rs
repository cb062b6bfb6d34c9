use std::sync::Arc;

use flow_domain::port::Store as _;
use flow_domain_sql::SchemaName;

use crate::{
    crashes::target,
    postgres::{
        crashes::wait_for_calls,
        fixture::{open_store, store_in},
    },
    rebuilds::{check_killed_rebuild, check_memory, rebuild_and_acknowledge},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_rebuild_goes_on_in_a_schema() {
    if let Some((schema, _)) = target() {
        let store = store_in(&SchemaName::new(schema).unwrap());
        return rebuild_and_acknowledge(Arc::new(store)).await;
    }

    let test = open_store().await;
    let store = Arc::new(test.schema.store());
    let name = "postgres::rebuilds::killed_rebuild_goes_on_in_a_schema";
    let schema = &test.schema.name;
    let calls = async || wait_for_calls(schema).await;
    check_killed_rebuild(Arc::clone(&store) as _, name, schema.as_str(), calls).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn rebuild_takes_little_memory_in_a_schema() {
    let test = open_store().await;
    let store = Arc::new(test.schema.store());
    check_memory(Arc::clone(&store) as _).await;
    store.close().await.unwrap();
}

//! A test flow in a database that the test itself has made.

use flow_domain_sql::postgres::PostgresBackend;
use flow_harness::prelude::*;
use shop::{Inventory, PlaceOrder, StockReceived};
use sqlx::PgPool;

use crate::postgres::database::TestDatabase;

/// The body of a test with `#[sqlx::test]`, which gets a pool for a database of its own.
async fn order_reserves_stock(pool: PgPool, mode: Mode) {
    FlowHarness::new(shop::domain)
        .backend(PostgresBackend::of_pool(&pool))
        .mode(mode)
        .given_events(StockReceived {
            product_id: "tea".into(),
            quantity: 5,
        })
        .when(PlaceOrder {
            order_id: "ord-1".into(),
            customer_id: "ada".into(),
            product_id: "tea".into(),
            quantity: 2,
            total_cents: 1_200,
        })
        .then_aggregate::<Inventory>("tea")
        .has(|inventory| inventory.available == 3)
        .await;
}

#[tokio::test]
async fn flow_runs_in_the_database_of_a_pool() {
    for mode in [Mode::Sync, Mode::Engine] {
        let database = TestDatabase::new().await;

        order_reserves_stock(database.pool.clone(), mode).await;

        let events = "select count(*) from flow_test_0.event where category = 'order'";
        assert_eq!(database.count(events).await, 1);
    }
}

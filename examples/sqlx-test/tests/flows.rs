//! `DATABASE_URL` names the server.

use flow_harness::{backend::PostgresBackend, prelude::*};
use shop::{OrderDashboard, OrderStatus, PlaceOrder, StockReceived};
use sqlx::PgPool;

fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
        customer_id: "ada".into(),
        product_id: "tea".into(),
        quantity: 2,
        total_cents: 1_200,
    }
}

#[sqlx::test(migrations = false)]
async fn order_is_placed_in_the_database_of_the_test(pool: PgPool) {
    FlowHarness::new(sqlx_test::domain)
        .backend(PostgresBackend::of_pool(&pool))
        .given_events(StockReceived {
            product_id: "tea".into(),
            quantity: 100,
        })
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .await;

    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'flow_test_%'";
    let n_schemas: i64 = sqlx::query_scalar(schemas).fetch_one(&pool).await.unwrap();
    assert!(0 < n_schemas, "the flow ran in another database");
}

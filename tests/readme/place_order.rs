use flow_harness::prelude::*;
use shop::{OrderDashboard, OrderStatus, PlaceOrder, StockReceived, StockReserved};

#[test]
fn placing_an_order_reserves_stock() {
    FlowHarness::new(shop::domain)
        .given_events(StockReceived { product_id: "tea".into(), quantity: 100 })
        .when(PlaceOrder {
            order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(),
            quantity: 2, total_cents: 1_200,
        })
        .then_event(StockReserved { product_id: "tea".into(), order_id: "ord-1".into(), quantity: 2 })
        .then_projection::<OrderDashboard>("ord-1").has(|row| row.status == OrderStatus::Placed)
        .run();
}

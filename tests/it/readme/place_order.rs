use flow_harness::prelude::*;
use rstest::{fixture, rstest};
use shop::{OrderDashboard, OrderStatus, PlaceOrder, StockReceived, StockReserved};

#[fixture]
fn harness() -> FlowHarness {
    FlowHarness::new(shop::domain)
}

#[rstest]
fn placed_order_reserves_stock(harness: FlowHarness, #[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    harness.mode(mode)
        .given_events(StockReceived { product_id: "tea".into(), quantity: 100 })
        .when(PlaceOrder {
            order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(),
            quantity: 2, total_cents: 1_200,
        })
        .then_event(StockReserved { product_id: "tea".into(), order_id: "ord-1".into(), quantity: 2 })
        .then_projection::<OrderDashboard>("ord-1").has(|row| row.status == OrderStatus::Placed)
        .run();
}

//! A user's test file with rstest fixtures, cases and values.
#![allow(unused_variables, reason = "rstest hands the mode to the fixture only")]

use ::shop::{
    Inventory, OrderDashboard, OrderPlaced, OrderStatus, PlaceOrder, StockReceived, StockReserved,
};
use flow_harness::prelude::*;
use rstest::{fixture, rstest};

#[fixture]
fn shop(#[default(Mode::Sync)] mode: Mode) -> FlowHarness {
    FlowHarness::new(::shop::domain).mode(mode)
}

fn stock_received(quantity: u32) -> StockReceived {
    StockReceived {
        product_id: "prod-1".into(),
        quantity,
    }
}

fn place_order(quantity: u32) -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-001".into(),
        customer_id: "cust-123".into(),
        product_id: "prod-1".into(),
        quantity,
        total_cents: 9_995,
    }
}

#[rstest]
fn placing_an_order_reserves_stock(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
    #[with(mode)] shop: FlowHarness,
) {
    shop.given_events(stock_received(100))
        .when(place_order(2))
        .then_events((
            OrderPlaced {
                order_id: "ord-001".into(),
                customer_id: "cust-123".into(),
                product_id: "prod-1".into(),
                quantity: 2,
                total_cents: 9_995,
            },
            StockReserved {
                product_id: "prod-1".into(),
                order_id: "ord-001".into(),
                quantity: 2,
            },
        ))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-001")
        .is(OrderDashboard {
            order_id: "ord-001".into(),
            customer_id: "cust-123".into(),
            status: OrderStatus::Placed,
            total_cents: 9_995,
        })
        .run();
}

#[rstest]
fn fixture_default_mode_is_used(shop: FlowHarness) {
    shop.when(place_order(1)).then_accepted().run();
}

#[rstest]
#[case::enough(5, OrderStatus::Placed)]
#[case::just_enough(2, OrderStatus::Placed)]
#[case::too_little(1, OrderStatus::Cancelled)]
fn stock_decides_on_an_order(shop: FlowHarness, #[case] stock: u32, #[case] expected: OrderStatus) {
    shop.given_events(stock_received(stock))
        .when(place_order(2))
        .then_projection::<OrderDashboard>("ord-001")
        .has(|row| row.status == expected)
        .run();
}

#[rstest]
#[case(Mode::Sync)]
#[case(Mode::Engine)]
fn mode_can_be_a_case(#[case] mode: Mode, #[with(mode)] shop: FlowHarness) {
    shop.when(place_order(1)).then_accepted().run();
}

#[rstest]
#[tokio::test]
async fn flow_is_awaited_in_an_async_test(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
    #[with(mode)] shop: FlowHarness,
    #[values(2, 3)] quantity: u32,
) {
    let outcome = shop
        .given_events(stock_received(100))
        .when(place_order(quantity))
        .then_settled()
        .await;

    let inventory = outcome.aggregate::<Inventory>("prod-1").unwrap();
    assert_eq!(inventory.available, 100 - quantity);
}

#[fixture]
fn stocked_shop(shop: FlowHarness) -> Flow<'static, flow_harness::flow::Given> {
    shop.given_events(stock_received(100))
}

#[rstest]
fn fixture_can_begin_the_flow(stocked_shop: Flow<'static, flow_harness::flow::Given>) {
    stocked_shop
        .when(place_order(100))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 0)
        .run();
}

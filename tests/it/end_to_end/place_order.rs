//! Level 2: from the command that places an order to its stock and its dashboard row.

use ::shop::{Inventory, InventoryEventHandler, Order, OrderDashboard, OrderStatus, StockLevel};
use flow_harness::expect;

use crate::fixture::{
    dashboard, order_placed, place_order, shop, stock_received, stock_refused, stock_reserved,
};

#[test]
fn placed_order_is_on_the_dashboard() {
    shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .is(OrderDashboard {
            order_id: "ord-1".into(),
            customer_id: "cust-1".into(),
            status: OrderStatus::Placed,
            total_cents: 9_995,
        })
        .run();
}

#[test]
fn a_placed_order_reserves_its_stock() {
    shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then(expect::chain([
            "PlaceOrder",
            "OrderPlaced",
            "StockReserved",
        ]))
        .then_events((order_placed(), stock_reserved()))
        .then_handled_by::<InventoryEventHandler>()
        .times(1)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .has(|inventory| inventory.reserved["ord-1"] == 2)
        .then_projection::<StockLevel>("prod-1")
        .is(StockLevel {
            product_id: "prod-1".into(),
            available: 98,
            reserved: 2,
        })
        .run();
}

#[test]
fn order_beyond_the_stock_is_cancelled() {
    shop()
        .given_events(stock_received(1))
        .when(place_order())
        .then_event(stock_refused(1))
        .then(expect::chain([
            "PlaceOrder",
            "OrderPlaced",
            "StockRefused",
            "CancelOrder",
            "OrderCancelled",
        ]))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Cancelled)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 1)
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .run();
}

#[test]
fn outcome_can_be_checked_with_plain_asserts() {
    let outcome = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_settled()
        .run();

    let row = outcome.projection::<OrderDashboard>("ord-1").unwrap();
    assert_eq!(row.status, OrderStatus::Placed);
    assert_eq!(row.customer_id, "cust-1");
    assert_eq!(row.total_cents, 9_995);
    assert_eq!(
        outcome.aggregate::<Inventory>("prod-1").unwrap().available,
        98
    );
}

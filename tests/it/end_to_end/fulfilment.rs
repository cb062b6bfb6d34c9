//! Level 2: an order is confirmed after payment and reservation, and cancelled if one of them
//! fails.

use ::shop::{
    CancelOrder, ConfirmOrder, Fulfilment, Inventory, Order, OrderCommandHandler, OrderDashboard,
    OrderStatus, PaymentDeclined, PaymentReceived,
};
use flow_domain::Domain;
use flow_harness::prelude::*;

use crate::fixture::{
    dashboard, order_confirmed, payment_declined, payment_received, place_order, shop,
    stock_received, stock_released, stock_reserved,
};

/// Returns a shop in which another system reserves the stock, at any time.
fn shop_with_external_stock() -> FlowHarness {
    FlowHarness::new(|| {
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Inventory>()
            .event_from_outside::<PaymentReceived>()
            .event_from_outside::<PaymentDeclined>()
            .command_handler(OrderCommandHandler)
            .process_manager::<Fulfilment>()
            .build()
    })
}

#[test]
fn a_payment_confirms_an_order_whose_stock_is_reserved() {
    shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::commands(ConfirmOrder {
            order_id: "ord-1".into(),
        }))
        .then_events(order_confirmed())
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Confirmed))
        .then_process_manager::<Fulfilment>("ord-1")
        .is(Fulfilment {
            paid: true,
            reserved: true,
            cancelled: false,
        })
        .run();
}

#[test]
fn reserved_stock_confirms_an_order_that_is_paid() {
    shop_with_external_stock()
        .given_command(place_order())
        .given_events(payment_received())
        .when_event(stock_reserved())
        .then(expect::chain([
            "StockReserved",
            "ConfirmOrder",
            "OrderConfirmed",
        ]))
        .then_events(order_confirmed())
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .run();
}

#[test]
fn a_declined_payment_cancels_the_order_and_releases_its_stock() {
    shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_declined())
        .then(expect::commands(CancelOrder {
            order_id: "ord-1".into(),
            reason: "payment declined".into(),
        }))
        .then_event(stock_released())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 100)
        .has(|inventory| inventory.reserved.is_empty())
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .run();
}

#[test]
fn a_payment_after_the_end_changes_nothing() {
    shop()
        .given_events(stock_received(1))
        .given_command(place_order())
        .when_event(payment_received())
        .then_no_events()
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .unchanged()
        .run();
}

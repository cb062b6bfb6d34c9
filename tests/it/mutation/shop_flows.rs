//! Typical test flows of the shop.

use ::shop::{
    CancelOrder, ConfirmOrder, Fulfilment, Inventory, InventoryEventHandler, Order, OrderCancelled,
    OrderDashboard, OrderError, OrderPlaced, OrderStatus, PlaceOrder, ReceiveStock, StockLevel,
    StockRefused,
};
use flow_harness::prelude::*;

use crate::{
    fixture::{
        dashboard, order_confirmed, order_placed, payment_declined, payment_received, place_order,
        place_order_with_id, stock_received, stock_refused, stock_released, stock_reserved,
    },
    mutation::flows::{FlowResult, NamedFlow},
};

pub(crate) const FLOWS: &[NamedFlow] = &[
    ("an order is placed", place_one_order),
    ("a payment confirms", confirm_by_payment),
    ("too little stock cancels", cancel_for_lack_of_stock),
    ("a declined payment cancels", cancel_for_declined_payment),
    ("stock is received", receive_stock),
    ("an order is placed once", place_order_twice),
    ("an empty order is refused", place_empty_order),
    ("a customer cancels", cancel_by_customer),
    ("two customers order", place_two_orders),
];

fn stock_level(available: u32, reserved: u32) -> StockLevel {
    StockLevel {
        product_id: "prod-1".into(),
        available,
        reserved,
    }
}

fn order_cancelled(reason: &str) -> OrderCancelled {
    OrderCancelled {
        order_id: "ord-1".into(),
        product_id: "prod-1".into(),
        reason: reason.into(),
    }
}

fn cancel_order(reason: &str) -> CancelOrder {
    CancelOrder {
        order_id: "ord-1".into(),
        reason: reason.into(),
    }
}

fn fulfilment(paid: bool, reserved: bool, cancelled: bool) -> Fulfilment {
    Fulfilment {
        paid,
        reserved,
        cancelled,
    }
}

fn place_one_order(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(100))
        .when(place_order())
        .then_accepted()
        .then_events((order_placed(), stock_reserved()))
        .then(expect::chain([
            "PlaceOrder",
            "OrderPlaced",
            "StockReserved",
        ]))
        .then_handled_by::<InventoryEventHandler>()
        .times(1)
        .then_aggregate::<Order>("ord-1")
        .like(json!({ "customer_id": "cust-1", "product_id": "prod-1", "status": "Placed" }))
        .has(|order| order.quantity == 2 && order.total_cents == 9_995)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .has(|inventory| inventory.reserved["ord-1"] == 2)
        .then_process_manager::<Fulfilment>("ord-1")
        .is(fulfilment(false, true, false))
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Placed))
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(98, 2))
        .try_run()
}

fn confirm_by_payment(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::commands(ConfirmOrder {
            order_id: "ord-1".into(),
        }))
        .then_events(order_confirmed())
        .then(expect::chain([
            "PaymentReceived",
            "ConfirmOrder",
            "OrderConfirmed",
        ]))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Confirmed))
        .then_process_manager::<Fulfilment>("ord-1")
        .is(fulfilment(true, true, false))
        .try_run()
}

fn cancel_for_lack_of_stock(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(1))
        .when(place_order())
        .then_events((
            order_placed(),
            stock_refused(1),
            order_cancelled("out of stock"),
        ))
        .then(expect::commands(cancel_order("out of stock")))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Cancelled)
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 1)
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(1, 0))
        .unchanged()
        .then_process_manager::<Fulfilment>("ord-1")
        .has(|fulfilment| fulfilment.cancelled)
        .try_run()
}

fn cancel_for_declined_payment(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_declined())
        .then(expect::commands(cancel_order("payment declined")))
        .then_event(order_cancelled("payment declined"))
        .then_event(stock_released())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 100)
        .has(|inventory| inventory.reserved.is_empty())
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(100, 0))
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .try_run()
}

fn receive_stock(shop: &FlowHarness) -> FlowResult {
    let command = |quantity| ReceiveStock {
        product_id: "prod-1".into(),
        quantity,
    };

    shop.given_command(command(30))
        .when(command(12))
        .then_events(stock_received(12))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 42)
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(42, 0))
        .then(expect::projections::<StockLevel>().count(1))
        .try_run()
}

fn place_order_twice(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(100))
        .given_command(place_order())
        .when(place_order())
        .then_rejected(OrderError::AlreadyPlaced)
        .then_no_events()
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(98, 2))
        .try_run()
}

fn place_empty_order(shop: &FlowHarness) -> FlowResult {
    shop.when(PlaceOrder {
        quantity: 0,
        ..place_order()
    })
    .then_rejected(OrderError::Empty)
    .then_no_events()
    .then_projection::<OrderDashboard>("ord-1")
    .absent()
    .try_run()
}

fn cancel_by_customer(shop: &FlowHarness) -> FlowResult {
    shop.given_events(stock_received(5))
        .given_command(place_order())
        .when(cancel_order("too late"))
        .then_events((order_cancelled("too late"), stock_released()))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Cancelled)
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Cancelled))
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(5, 0))
        .try_run()
}

fn place_two_orders(shop: &FlowHarness) -> FlowResult {
    let second = PlaceOrder {
        customer_id: "cust-2".into(),
        quantity: 3,
        total_cents: 14_990,
        ..place_order_with_id("ord-2")
    };

    shop.given_events(stock_received(4))
        .when(place_order())
        .then_events((order_placed(), stock_reserved()))
        .when(second)
        .then(expect::event_matching(|event: &OrderPlaced| {
            event.order_id == "ord-2" && event.quantity == 3
        }))
        .then_event(StockRefused {
            order_id: "ord-2".into(),
            wanted: 3,
            ..stock_refused(2)
        })
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Placed))
        .unchanged()
        .then_projection::<OrderDashboard>("ord-2")
        .like(json!({ "customer_id": "cust-2", "status": "Cancelled", "total_cents": 14_990 }))
        .then(expect::projections::<OrderDashboard>().count(2))
        .then_projection::<StockLevel>("prod-1")
        .is(stock_level(2, 2))
        .unchanged()
        .try_run()
}

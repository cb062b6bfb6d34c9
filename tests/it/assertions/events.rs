//! `then_event..` and `then_commands`: raised events and issued commands.

use ::shop::{CancelOrder, ConfirmOrder, OrderConfirmed, OrderPlaced, StockReserved};
use flow_harness::expect;

use crate::{
    assertions::order_flows::ordered,
    fixture::{
        mismatch, order_confirmed, order_placed, payment_declined, payment_received, place_order,
        place_order_with_id, shop, stock_received, stock_reserved,
    },
};

#[test]
fn then_events_are_exactly_these() {
    ordered()
        .then_events((order_placed(), stock_reserved()))
        .run();

    insta::assert_snapshot!(mismatch(ordered().then_events(order_placed())), @r#"
    expected  OrderPlaced
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn then_events_takes_a_list() {
    let all = vec![stock_received(1), stock_received(2)];

    let flow = shop().when_event(stock_received(1)).then_events(all);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReceived, StockReceived
    found     nothing
              missing      StockReceived { product_id: "prod-1", quantity: 1 }
              missing      StockReceived { product_id: "prod-1", quantity: 2 }
    "#);
}

#[test]
fn then_events_are_those_of_the_last_act() {
    ordered()
        .when_event(payment_received())
        .then_events(order_confirmed())
        .run();

    let flow = ordered()
        .when_event(payment_received())
        .then_events(order_placed());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderPlaced
    found     OrderConfirmed
              missing      OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              unexpected   OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
    "#);
}

#[test]
fn then_event_is_one_that_equals() {
    ordered()
        .when_event(payment_received())
        .then_event(order_placed())
        .run();

    let other = OrderPlaced {
        quantity: 3,
        ..order_placed()
    };
    insta::assert_snapshot!(mismatch(ordered().then_event(other)), @r#"
    expected  OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 3, total_cents: 9995 }
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              quantity  expected 3, found 2
    "#);
    insta::assert_snapshot!(mismatch(ordered().then_event(order_confirmed())), @r#"
    expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
    found     only OrderPlaced, StockReserved
    "#);
}

#[test]
fn then_event_like_asks_a_closure() {
    ordered()
        .then(expect::event_matching(|event: &StockReserved| {
            event.quantity == 2
        }))
        .run();

    let flow = ordered().then(expect::event_matching(|event: &StockReserved| {
        event.quantity == 3
    }));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReserved for which the closure returns true
    found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
    let flow = ordered().then(expect::event_matching::<OrderConfirmed>(|_| true));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  OrderConfirmed for which the closure returns true
    found     only OrderPlaced, StockReserved
    ");
}

#[test]
fn then_no_events_is_about_the_last_act() {
    ordered()
        .when_event(stock_received(1))
        .then_no_events()
        .run();

    insta::assert_snapshot!(mismatch(ordered().then_no_events()), @r#"
    expected  nothing
    found     OrderPlaced, StockReserved
              unexpected   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn then_no_event_is_about_one_type() {
    ordered().then(expect::no_event::<OrderConfirmed>()).run();

    insta::assert_snapshot!(mismatch(ordered().then(expect::no_event::<OrderPlaced>())), @r#"
    expected  no OrderPlaced
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn then_commands_are_those_that_handlers_issued() {
    let confirm = ConfirmOrder {
        order_id: "ord-1".into(),
    };
    ordered()
        .when_event(payment_received())
        .then(expect::commands(confirm))
        .run();

    let confirm = ConfirmOrder {
        order_id: "ord-1".into(),
    };
    let flow = ordered()
        .when_event(payment_declined())
        .then(expect::commands(confirm));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  ConfirmOrder
    found     CancelOrder
              missing      ConfirmOrder { order_id: "ord-1" }
              unexpected   CancelOrder { order_id: "ord-1", reason: "payment declined" }
    "#);
}

#[test]
fn then_commands_do_not_include_the_act() {
    ordered().then(expect::no_commands()).run();

    insta::assert_snapshot!(mismatch(ordered().then(expect::commands(place_order()))), @r#"
    expected  PlaceOrder
    found     nothing
              missing      PlaceOrder { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn then_commands_takes_a_list() {
    let cancel = |order_id: &str| CancelOrder {
        order_id: order_id.into(),
        reason: "out of stock".into(),
    };

    shop()
        .when(place_order())
        .then(expect::commands([cancel("ord-1")]))
        .when(place_order_with_id("ord-2"))
        .then(expect::commands(vec![cancel("ord-2")]))
        .run();
}

#[test]
fn no_commands_reports_an_issued_command() {
    let flow = ordered()
        .when_event(payment_received())
        .then(expect::no_commands());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  nothing
    found     ConfirmOrder
              unexpected   ConfirmOrder { order_id: "ord-1" }
    "#);
}

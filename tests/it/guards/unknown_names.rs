//! An unknown name is a mistake, not something that did not happen.

use ::bank::{Account, Balance, BalanceProjector, TransferCompleted};
use ::shop::{Inventory, OrderDashboard};
use flow_harness::prelude::*;

use crate::fixture::{
    Brittle, failure, instructed, lab, mismatch, place_order, shop, stock_received, unstable,
};

#[test]
fn misspelt_message_in_a_chain_gets_a_suggestion() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then(expect::chain(["PlaceOrder", "OrderPlacd"]));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a message OrderPlacd in the chain
    found     no such message in the domain; did you mean OrderPlaced?
    ");
}

#[test]
fn unknown_message_in_a_chain_fails() {
    let flow = shop()
        .when(place_order())
        .then(expect::chain(["PlaceOrder", "Xyz"]));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a message Xyz in the chain
    found     no such message in the domain
    ");
}

#[test]
fn empty_chain_fails() {
    let flow = shop().when(place_order()).then(expect::chain([]));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the names of at least two messages, beginning with the last act
    found     fewer than two, so nothing is expected of what the act causes
    ");
}

#[test]
fn unknown_handler_in_then_handled_by_fails() {
    let flow = shop()
        .when(place_order())
        .then_handled_by::<OrderDashboard>();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the handler OrderDashboard
    found     no such handler in the domain, only InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector, OrderCommandHandler, InventoryCommandHandler
    ");
}

#[test]
fn foreign_handler_in_then_handled_by_fails() {
    let flow = shop()
        .when(place_order())
        .then_handled_by::<BalanceProjector>()
        .times(0);

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the handler BalanceProjector
    found     no such handler in the domain, only InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector, OrderCommandHandler, InventoryCommandHandler
    ");
}

#[test]
fn foreign_handler_in_then_handler_failed_fails() {
    let flow = shop()
        .when(place_order())
        .then(expect::handler_failed_with_message::<BalanceProjector>("x"));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the handler BalanceProjector
    found     no such handler in the domain, only InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector, OrderCommandHandler, InventoryCommandHandler
    ");
}

#[test]
fn foreign_event_in_then_no_event_fails() {
    let flow = shop()
        .when(place_order())
        .then(expect::no_event::<TransferCompleted>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the message TransferCompleted
    found     no such message in the domain
    ");
}

#[test]
fn foreign_state_in_absent_fails() {
    let flow = shop()
        .when(place_order())
        .then_projection::<Balance>("x")
        .absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Balance "x"
    found     the projection `Balance` is not registered: add `.projection::<Balance>()` to the domain
    "#);

    let flow = shop()
        .when(place_order())
        .then_aggregate::<Account>("x")
        .absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Account "x"
    found     the aggregate `Account` is not registered: add `.aggregate::<Account>()` to the domain
    "#);
}

#[test]
fn empty_text_in_then_saying_fails() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then(expect::rejected_with_message(""));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  a text that is not empty
    found     an empty text, which every message contains
    ");

    let flow = lab()
        .when_event(instructed("fail"))
        .then(expect::handler_failed_with_message::<Brittle>(""));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  a text that is not empty
    found     an empty text, which every message contains
    ");
}

#[test]
fn command_without_a_handler_fails() {
    let flow = shop()
        .when(::bank::Deposit {
            account_id: "acc-1".into(),
            amount_cents: 1,
        })
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the flow settles without problems
    found     Deposit failed: no handler for the command `Deposit`: add a `.command_handler(..)` with a route for it
    ");
}

#[test]
fn unknown_event_fails() {
    let flow = shop()
        .when_event(TransferCompleted {
            transfer_id: "trf-1".into(),
        })
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the flow settles without problems
    found     TransferCompleted failed: the event `TransferCompleted` is not registered: no aggregate of the domain has the category `transfer`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<TransferCompleted>()`
    ");
}

#[test]
fn unknown_given_event_fails() {
    let flow = shop()
        .given_events(TransferCompleted {
            transfer_id: "trf-1".into(),
        })
        .when(place_order())
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the given step runs without problems
    found     the event `TransferCompleted` is not registered: no aggregate of the domain has the category `transfer`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<TransferCompleted>()`
    ");
}

#[test]
fn misspelt_field_in_like_gets_a_suggestion() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .like(json!({ "statu": "Placed", "total_cents": 1 }));

    let failure = failure(flow);

    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  OrderDashboard "ord-1" like { statu: "Placed", total_cents: 1 }
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              statu        expected "Placed", found nothing
              total_cents  expected 1, found 9995
              OrderDashboard "ord-1" has no field `statu`; did you mean `status`?
    "#);
    assert_eq!(failure.diagnosis(), None);
}

#[test]
fn unknown_field_in_like_is_named() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .like(json!({ "shelf": 7, "reserved": { "ord-2": 2 } }));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Inventory "prod-1" like { reserved: {"ord-2":2}, shelf: 7 }
    found     Inventory "prod-1" { product_id: "prod-1", available: 3, reserved: {"ord-1":2} }
              reserved.ord-2  expected 2, found nothing
              shelf           expected 7, found nothing
              Inventory "prod-1" has no field `shelf`
    "#);
}

/// Nobody set a field that the aggregate does not have.
#[test]
fn unknown_field_in_like_has_no_setter() {
    let flow = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .like(json!({ "shelf": null }));

    let failure = failure(flow);
    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  Inventory "prod-1" like { shelf: null }
    found     Inventory "prod-1" { product_id: "prod-1", available: 3, reserved: {"ord-1":2} }
              shelf  expected null, found nothing
              Inventory "prod-1" has no field `shelf`
    "#);
    assert_eq!(failure.diagnosis(), None);
}

#[test]
fn misspelt_field_in_an_allowed_difference_fails() {
    let flow = |difference: &str| {
        unstable()
            .mode(Mode::Differential)
            .when_event(instructed("the same in both modes"))
            .then_settled()
            .allow_difference(difference)
    };

    insta::assert_snapshot!(mismatch(flow("Reading.valeus")), @"
    expected  each allowed difference names a type, a `Type.field` or the title of a difference
    found     Reading has no field `valeus`; did you mean `values`?
    ");
    insta::assert_snapshot!(mismatch(flow("Reading.time")), @"
    expected  each allowed difference names a type, a `Type.field` or the title of a difference
    found     Reading has no field `time`, only `instruction_id`, `values`
    ");
    insta::assert_snapshot!(mismatch(flow("Order.status")), @"
    expected  each allowed difference names a type, a `Type.field` or the title of a difference
    found     no match for `Order.status`: no state of Order
    ");
}

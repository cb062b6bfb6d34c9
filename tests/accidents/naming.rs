//! Names of things that do not exist are mistakes, not things that did not happen.

use ::bank::{Account, Balance, BalanceProjector, TransferCompleted};
use ::shop::OrderDashboard;

use crate::{
    fixture::{Brittle, lab, place, received, shop, told},
    mismatch,
};

#[test]
fn a_misspelt_message_in_a_chain_is_told() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_chain(["PlaceOrder", "OrderPlacd"]);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a message OrderPlacd in the chain
    found     no such message in the domain; did you mean OrderPlaced?
    ");
}

#[test]
fn a_message_that_is_nothing_like_any_is_told() {
    let flow = shop().when(place()).then_chain(["PlaceOrder", "Xyz"]);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a message Xyz in the chain
    found     no such message in the domain
    ");
}

#[test]
fn an_empty_chain_shows_nothing() {
    let flow = shop().when(place()).then_chain([]);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the names of messages, beginning with the last act
    found     none
    ");
}

#[test]
fn what_is_no_handler_handles_nothing() {
    let flow = shop().when(place()).then_handled_by::<OrderDashboard>();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the handler OrderDashboard
    found     no such handler in the domain, only OrderCommandHandler, InventoryCommandHandler, InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector
    ");
}

#[test]
fn the_handler_of_another_domain_is_not_handled_by_zero_times() {
    let flow = shop()
        .when(place())
        .then_handled_by::<BalanceProjector>()
        .times(0);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the handler BalanceProjector
    found     no such handler in the domain, only OrderCommandHandler, InventoryCommandHandler, InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector
    ");
}

#[test]
fn the_handler_of_another_domain_did_not_fail_unseen() {
    let flow = shop()
        .when(place())
        .then_handler_failed_saying::<BalanceProjector>("x");

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the handler BalanceProjector
    found     no such handler in the domain, only OrderCommandHandler, InventoryCommandHandler, InventoryEventHandler, Fulfilment, OrderDashboardProjector, StockLevelProjector
    ");
}

#[test]
fn an_event_of_another_domain_cannot_be_missing() {
    let flow = shop().when(place()).then_no_event::<TransferCompleted>();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  no TransferCompleted
    found     no such event in the domain, so none can ever be raised
    ");
}

#[test]
fn what_is_kept_in_another_domain_cannot_be_absent() {
    let flow = shop()
        .when(place())
        .then_projection::<Balance>("x")
        .absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Balance "x"
    found     the projection `Balance` is not registered: add `.projection::<Balance>()` to the domain
    "#);

    let flow = shop().when(place()).then_aggregate::<Account>("x").absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Account "x"
    found     the aggregate `Account` is not registered: add `.aggregate::<Account>()` to the domain
    "#);
}

#[test]
fn an_empty_text_says_nothing() {
    let flow = shop()
        .given_command(place())
        .when(place())
        .then_rejected_saying("");
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a text that a message may contain
    found     an empty text, which every message contains
    ");

    let flow = lab()
        .when_event(told("fail"))
        .then_handler_failed_saying::<Brittle>("");
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a text that a message may contain
    found     an empty text, which every message contains
    ");
}

#[test]
fn a_command_that_nobody_handles_fails() {
    let flow = shop()
        .when(::bank::Deposit {
            account_id: "acc-1".into(),
            amount_cents: 1,
        })
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  everything settles and nothing goes wrong
    found     Deposit failed: nobody handles the command `Deposit`: register a command handler whose routes name it, with `.command_handler(..)`
    ");
}

#[test]
fn an_event_that_the_domain_does_not_know_fails() {
    let flow = shop()
        .when_event(TransferCompleted {
            transfer_id: "trf-1".into(),
        })
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  everything settles and nothing goes wrong
    found     TransferCompleted failed: the event `TransferCompleted` is not registered: no aggregate of the domain has the category `transfer`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<TransferCompleted>()`
    ");
}

#[test]
fn a_given_event_that_the_domain_does_not_know_fails() {
    let flow = shop()
        .given_events(TransferCompleted {
            transfer_id: "trf-1".into(),
        })
        .when(place())
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  what is given happens without trouble
    found     the event `TransferCompleted` is not registered: no aggregate of the domain has the category `transfer`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<TransferCompleted>()`
    ");
}

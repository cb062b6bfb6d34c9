//! `unchanged`: what the last act left as it was.

use ::bank::{Account, AccountEvent, Deposit, Withdraw};
use ::shop::{Inventory, OrderDashboard, OrderError, OrderStatus, StockLevel};
use flow_harness::prelude::*;

use crate::{
    fixture::{Tally, Told, lab, paid, place, place_as, received, shop, told},
    mismatch,
};

fn opened() -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: "acc-1".into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 0,
    }
}

fn bank() -> FlowHarness {
    FlowHarness::new(::bank::domain)
}

fn deposit() -> Deposit {
    Deposit {
        account_id: "acc-1".into(),
        amount_cents: 100,
    }
}

#[test]
fn unchanged_is_what_no_act_wrote() {
    shop()
        .given_events(received(5))
        .when_event(paid())
        .then_aggregate::<Inventory>("prod-1")
        .unchanged()
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.available == 5)
        .unchanged()
        .then_projections::<StockLevel>()
        .unchanged()
        .run();
}

#[test]
fn unchanged_is_what_was_written_as_it_was() {
    lab()
        .given_events(told("x"))
        .when_event(told("x"))
        .then_projection::<Tally>("told-1")
        .unchanged()
        .run();
}

#[test]
fn unchanged_speaks_of_the_last_act() {
    shop()
        .given_events(received(5))
        .when(place())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .when(place())
        .then_rejected(OrderError::AlreadyPlaced)
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged()
        .run();

    bank()
        .given_events(opened())
        .when(deposit())
        .when(Withdraw {
            account_id: "acc-1".into(),
            amount_cents: 101,
        })
        .then_rejected_saying("only 100 cents are available")
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.balance_cents == 100)
        .unchanged()
        .run();
}

#[test]
fn what_was_changed_is_not_unchanged() {
    let row = shop()
        .given_events(received(5))
        .when(place())
        .then_projection::<StockLevel>("prod-1")
        .unchanged();
    let folded = bank()
        .given_events(opened())
        .when(deposit())
        .then_aggregate::<Account>("acc-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(row), @r#"
    expected  StockLevel "prod-1" { product_id: "prod-1", available: 5, reserved: 0 }, as before the last act
    found     StockLevel "prod-1" { product_id: "prod-1", available: 3, reserved: 2 }
              available  expected 5, found 3
              reserved   expected 0, found 2
    "#);
    insta::assert_snapshot!(mismatch(folded), @r#"
    expected  Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 0, overdraft_limit_cents: 0, closed: false }, as before the last act
    found     Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 100, overdraft_limit_cents: 0, closed: false }
              balance_cents  expected 0, found 100
    "#);
}

#[test]
fn what_appeared_is_not_unchanged() {
    let row = shop()
        .given_events(received(5))
        .when(place())
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged();
    let folded = bank()
        .when(::bank::OpenAccount {
            account_id: "acc-1".into(),
            owner: "Ada".into(),
            overdraft_limit_cents: 0,
        })
        .then_aggregate::<Account>("acc-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(row), @r#"
    expected  no OrderDashboard "ord-1", as before the last act
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
    insta::assert_snapshot!(mismatch(folded), @r#"
    expected  no Account "acc-1", as before the last act
    found     Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 0, overdraft_limit_cents: 0, closed: false }
    "#);
}

#[test]
fn one_row_more_is_a_change_of_all_rows() {
    let flow = shop()
        .given_events(received(5))
        .given_command(place())
        .when(place_as("ord-2"))
        .then_projections::<OrderDashboard>()
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderDashboard "ord-2", as before the last act
    found     OrderDashboard "ord-2" { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn one_row_less_is_a_change_of_all_rows() {
    let flow = lab()
        .given_events((told("x"), named("told-2", "y")))
        .when_event(named("told-2", "forget"))
        .then_projections::<Tally>()
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "told-2" { told_id: "told-2", what: "y" }, as before the last act
    found     it was removed
    "#);
}

fn named(told_id: &str, what: &str) -> Told {
    Told {
        told_id: told_id.into(),
        ..told(what)
    }
}

#[test]
fn what_is_not_there_is_absent_and_not_unchanged() {
    let flow = shop()
        .when_event(received(1))
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1"
    found     nothing under that id; no OrderDashboard was stored in this flow
    "#);
}

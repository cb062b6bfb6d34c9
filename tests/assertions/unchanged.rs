//! `unchanged`: what the last act left as it was.

use ::bank::{Account, AccountEvent, Deposit, Withdraw};
use ::shop::{Inventory, OrderDashboard, OrderError, OrderStatus, StockLevel};
use flow_harness::prelude::*;

use crate::{
    fixture::{Instructed, Tally, instructed, lab, paid, place, place_as, received, shop},
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
fn unchanged_accepts_a_row_that_no_act_wrote() {
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
fn unchanged_accepts_a_row_rewritten_with_equal_value() {
    lab()
        .given_events(instructed("x"))
        .when_event(instructed("x"))
        .then_projection::<Tally>("told-1")
        .unchanged()
        .run();
}

#[test]
fn unchanged_applies_to_the_last_act() {
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
fn unchanged_rejects_a_changed_row() {
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
fn unchanged_rejects_a_new_row() {
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
fn unchanged_rows_reject_an_added_row() {
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
fn unchanged_rows_reject_a_deleted_row() {
    let flow = lab()
        .given_events((instructed("x"), instructed_with_id("told-2", "y")))
        .when_event(instructed_with_id("told-2", "forget"))
        .then_projections::<Tally>()
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "told-2" { instruction_id: "told-2", what: "y" }, as before the last act
    found     it was removed
    "#);
}

fn instructed_with_id(told_id: &str, what: &str) -> Instructed {
    Instructed {
        instruction_id: told_id.into(),
        ..instructed(what)
    }
}

#[test]
fn unchanged_rejects_an_absent_row() {
    let flow = shop()
        .when_event(received(1))
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1"
    found     nothing under that id; no OrderDashboard was stored in this flow
    "#);
}

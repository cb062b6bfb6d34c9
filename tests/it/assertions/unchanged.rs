//! `unchanged`: state that the last act did not change.

use ::bank::{Account, AccountEvent, Deposit, Withdraw};
use ::shop::{Inventory, OrderDashboard, OrderError, OrderStatus, StockLevel};
use flow_harness::expect;

use crate::fixture::{
    Instructed, Tally, bank, instructed, lab, mismatch, payment_received, place_order,
    place_order_with_id, shop, stock_received,
};

fn account_opened() -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: "acc-1".into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 0,
    }
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
        .given_events(stock_received(5))
        .when_event(payment_received())
        .then_aggregate::<Inventory>("prod-1")
        .unchanged()
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.available == 5)
        .unchanged()
        .then(expect::projections::<StockLevel>().unchanged())
        .run();
}

#[test]
fn unchanged_accepts_a_row_rewritten_with_equal_value() {
    lab()
        .given_events(instructed("x"))
        .when_event(instructed("x"))
        .then_projection::<Tally>("inst-1")
        .unchanged()
        .run();
}

#[test]
fn unchanged_applies_to_the_last_act() {
    shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .when(place_order())
        .then_rejected(OrderError::AlreadyPlaced)
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged()
        .run();

    bank()
        .given_events(account_opened())
        .when(deposit())
        .when(Withdraw {
            account_id: "acc-1".into(),
            amount_cents: 101,
        })
        .then(expect::rejected_with_message(
            "only 100 cents are available",
        ))
        .then_aggregate::<Account>("acc-1")
        .has(|account| account.balance_cents == 100)
        .unchanged()
        .run();
}

#[test]
fn unchanged_rejects_a_changed_row() {
    let row = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<StockLevel>("prod-1")
        .unchanged();
    let event_sourced = bank()
        .given_events(account_opened())
        .when(deposit())
        .then_aggregate::<Account>("acc-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(row), @r#"
    expected  StockLevel "prod-1" { product_id: "prod-1", available: 5, reserved: 0 }, as before the last act
    found     StockLevel "prod-1" { product_id: "prod-1", available: 3, reserved: 2 }
              available  expected 5, found 3
              reserved   expected 0, found 2
    "#);
    insta::assert_snapshot!(mismatch(event_sourced), @r#"
    expected  Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 0, overdraft_limit_cents: 0, closed: false }, as before the last act
    found     Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 100, overdraft_limit_cents: 0, closed: false }
              balance_cents  expected 0, found 100
    "#);
}

#[test]
fn unchanged_rejects_a_new_row() {
    let row = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged();
    let event_sourced = bank()
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
    insta::assert_snapshot!(mismatch(event_sourced), @r#"
    expected  no Account "acc-1", as before the last act
    found     Account "acc-1" { account_id: "acc-1", owner: "Ada", balance_cents: 0, overdraft_limit_cents: 0, closed: false }
    "#);
}

#[test]
fn unchanged_rows_reject_an_added_row() {
    let flow = shop()
        .given_events(stock_received(5))
        .given_command(place_order())
        .when(place_order_with_id("ord-2"))
        .then(expect::projections::<OrderDashboard>().unchanged());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderDashboard "ord-2", as before the last act
    found     OrderDashboard "ord-2" { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn unchanged_rows_reject_a_deleted_row() {
    let flow = lab()
        .given_events((instructed("x"), instructed_with_id("inst-2", "y")))
        .when_event(instructed_with_id("inst-2", "forget"))
        .then(expect::projections::<Tally>().unchanged());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "inst-2" { instruction_id: "inst-2", what: "y" }, as before the last act
    found     the last act deleted it
    "#);
}

fn instructed_with_id(instruction_id: &str, what: &str) -> Instructed {
    Instructed {
        instruction_id: instruction_id.into(),
        ..instructed(what)
    }
}

#[test]
fn unchanged_rejects_an_absent_row() {
    let flow = shop()
        .when_event(stock_received(1))
        .then_projection::<OrderDashboard>("ord-1")
        .unchanged();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1"
    found     nothing with this id; the flow stored no OrderDashboard
    "#);
}

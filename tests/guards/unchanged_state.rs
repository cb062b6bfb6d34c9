//! What was so before the first act, and was not touched since, shows nothing about the acts.

use ::bank::{Account, AccountEvent, RequestTransfer, TransferProcess};
use ::shop::{
    Inventory, MailError, MailHandler, OrderDashboard, OrderStatus, StockLevel, StockReceived,
};
use flow_harness::{flow::Acted, prelude::*};

use crate::{
    fixture::{
        FakeMailer, Tally, dashboard, instructed, lab, paid, place, place_as, received, shop,
        shop_with_mail,
    },
    mismatch,
};

/// An order of which stock is left, and an act that has nothing to do with it.
fn unrelated_act<'t>() -> Flow<'t, Acted> {
    let other = StockReceived {
        product_id: "prod-2".into(),
        quantity: 1,
    };
    shop()
        .given_events(received(5))
        .given_command(place())
        .when_event(other)
}

#[test]
fn row_from_given_needs_unchanged() {
    let flow = unrelated_act().then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn row_from_given_needs_unchanged_for_every_check() {
    let row = || unrelated_act().then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(row().has(|row| row.status == OrderStatus::Placed)), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
    insta::assert_snapshot!(mismatch(row().is(dashboard(OrderStatus::Placed))), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
    insta::assert_snapshot!(mismatch(row().like(json!({ "total_cents": 9995 }))), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn failed_check_is_reported_before_unchanged_row() {
    let flow = unrelated_act()
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1" for which the closure holds
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn rows_from_given_need_unchanged() {
    let rows = || unrelated_act().then_projections::<OrderDashboard>();

    insta::assert_snapshot!(mismatch(rows().all(|row| row.status == OrderStatus::Placed)), @r"
    expected  rows of OrderDashboard, changed by an act
    found     they were so before the first act and no act changed one of them: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows().count(1)), @r"
    expected  rows of OrderDashboard, changed by an act
    found     they were so before the first act and no act changed one of them: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows().any(|_| true)), @r"
    expected  rows of OrderDashboard, changed by an act
    found     they were so before the first act and no act changed one of them: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows()), @r"
    expected  rows of OrderDashboard, changed by an act
    found     they were so before the first act and no act changed one of them: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    ");
}

#[test]
fn aggregate_from_given_needs_unchanged() {
    let flow = unrelated_act()
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 3);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Inventory "prod-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn event_sourced_state_from_given_needs_unchanged() {
    let opened = |account_id: &str| AccountEvent::AccountOpened {
        account_id: account_id.into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 0,
    };
    let flow = FlowHarness::new(::bank::domain)
        .given_events((opened("acc-1"), opened("acc-2")))
        .given_command(transfer())
        .when(::bank::Deposit {
            account_id: "acc-2".into(),
            amount_cents: 1,
        });

    let flow = flow
        .then_aggregate::<Account>("acc-2")
        .then_aggregate::<Account>("acc-1")
        .then_process_manager::<TransferProcess>("trf-1");

    let failure = flow.try_run().expect_err("two of three were not touched");
    assert_eq!(failure.n_failed(), 2);
    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  Account "acc-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

fn transfer() -> RequestTransfer {
    RequestTransfer {
        transfer_id: "trf-1".into(),
        from_account_id: "acc-1".into(),
        to_account_id: "acc-2".into(),
        amount_cents: 1,
    }
}

#[test]
fn row_of_earlier_act_can_be_checked_after_later_act() {
    shop()
        .given_events(received(5))
        .when(place())
        .when(place_as("ord-2"))
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn row_rewritten_with_equal_value_needs_unchanged() {
    let flow = lab()
        .given_events(instructed("x"))
        .when_event(instructed("x"))
        .then_projection::<Tally>("told-1")
        .has(|tally| tally.what == "x");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "told-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn rejected_act_allows_check_of_given_row() {
    shop()
        .given_events(received(5))
        .given_command(place())
        .when(place())
        .then_rejected(::shop::OrderError::AlreadyPlaced)
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2)
        .run();
}

#[test]
fn failed_handler_allows_check_of_given_row() {
    shop_with_mail(FakeMailer::down)
        .given_events(received(5))
        .given_command(place())
        .when_event(paid())
        .then_handler_failed::<MailHandler>(MailError)
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2)
        .run();
}

#[test]
fn rejection_of_earlier_act_does_not_cover_later_act() {
    let flow = shop()
        .given_events(received(5))
        .given_command(place())
        .when(place())
        .then_rejected(::shop::OrderError::AlreadyPlaced)
        .when_event(StockReceived {
            product_id: "prod-2".into(),
            quantity: 1,
        })
        .then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn absent_row_needs_no_act() {
    unrelated_act()
        .then_projection::<OrderDashboard>("ord-9")
        .absent()
        .then_projections::<OrderDashboard>()
        .none(|row| row.status == OrderStatus::Cancelled)
        .run();
}

#[test]
fn row_from_given_needs_unchanged_in_engine_mode() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(received(5))
        .given_command(place())
        .when_event(StockReceived {
            product_id: "prod-2".into(),
            quantity: 1,
        })
        .then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

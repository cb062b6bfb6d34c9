//! A `then` on state that no act changed needs `.unchanged()`: the check would pass without any
//! act.

use ::bank::{Account, AccountEvent, RequestTransfer, TransferProcess};
use ::shop::{
    Inventory, MailError, MailHandler, OrderDashboard, OrderStatus, StockLevel, StockReceived,
};
use flow_harness::{flow::Acted, prelude::*};

use crate::fixture::{
    FakeMailer, Tally, dashboard, instructed, lab, mismatch, payment_received, place_order,
    place_order_with_id, shop, shop_with_mail, stock_received,
};

/// Returns a flow with a placed order, and an act that does not touch it.
fn unrelated_act<'t>() -> Flow<'t, Acted> {
    let unrelated_event = StockReceived {
        product_id: "prod-2".into(),
        quantity: 1,
    };

    shop()
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(unrelated_event)
}

#[test]
fn row_from_given_needs_unchanged() {
    let flow = unrelated_act().then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn row_from_given_needs_unchanged_for_every_check() {
    let row = || unrelated_act().then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(row().has(|row| row.status == OrderStatus::Placed)), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
    insta::assert_snapshot!(mismatch(row().is(dashboard(OrderStatus::Placed))), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
    insta::assert_snapshot!(mismatch(row().like(json!({ "total_cents": 9995 }))), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn failed_check_is_reported_before_unchanged_row() {
    let flow = unrelated_act()
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1" for which the closure returns true
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn rows_from_given_need_unchanged() {
    let rows = || expect::projections::<OrderDashboard>();
    let mismatch = |rows| mismatch(unrelated_act().then(rows));

    insta::assert_snapshot!(mismatch(rows().all(|row| row.status == OrderStatus::Placed)), @"
    expected  rows of OrderDashboard, changed by an act
    found     the rows are from before the first act, and no act changed any of them: the step would pass without any act
              If the test expects this, add `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows().count(1)), @"
    expected  rows of OrderDashboard, changed by an act
    found     the rows are from before the first act, and no act changed any of them: the step would pass without any act
              If the test expects this, add `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows().any(|_| true)), @"
    expected  rows of OrderDashboard, changed by an act
    found     the rows are from before the first act, and no act changed any of them: the step would pass without any act
              If the test expects this, add `.unchanged()`
    ");
    insta::assert_snapshot!(mismatch(rows()), @"
    expected  rows of OrderDashboard, changed by an act
    found     the rows are from before the first act, and no act changed any of them: the step would pass without any act
              If the test expects this, add `.unchanged()`
    ");
}

#[test]
fn aggregate_from_given_needs_unchanged() {
    let flow = unrelated_act()
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 3);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Inventory "prod-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn event_sourced_state_from_given_needs_unchanged() {
    let account_opened = |account_id: &str| AccountEvent::AccountOpened {
        account_id: account_id.into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 0,
    };

    let flow = FlowHarness::new(::bank::domain)
        .given_events((account_opened("acc-1"), account_opened("acc-2")))
        .given_command(transfer())
        .when(::bank::Deposit {
            account_id: "acc-2".into(),
            amount_cents: 1,
        })
        .then_aggregate::<Account>("acc-2")
        .then_aggregate::<Account>("acc-1")
        .then_process_manager::<TransferProcess>("trf-1");

    let failure = flow.try_run().expect_err("two of three were not touched");
    assert_eq!(failure.n_failed(), 2);
    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  Account "acc-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
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
        .given_events(stock_received(5))
        .when(place_order())
        .when(place_order_with_id("ord-2"))
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn row_rewritten_with_equal_value_needs_unchanged() {
    let flow = lab()
        .given_events(instructed("x"))
        .when_event(instructed("x"))
        .then_projection::<Tally>("inst-1")
        .has(|tally| tally.what == "x");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "inst-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn rejected_act_allows_check_of_given_row() {
    shop()
        .given_events(stock_received(5))
        .given_command(place_order())
        .when(place_order())
        .then_rejected(::shop::OrderError::AlreadyPlaced)
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2)
        .run();
}

#[test]
fn failed_handler_does_not_allow_check_of_given_row() {
    let checked = || {
        shop_with_mail(FakeMailer::down)
            .given_events(stock_received(5))
            .given_command(place_order())
            .when_event(payment_received())
            .then(expect::handler_failed::<MailHandler>(MailError))
            .then_projection::<StockLevel>("prod-1")
            .has(|level| level.reserved == 2)
    };

    insta::assert_snapshot!(mismatch(checked()), @r#"
    expected  StockLevel "prod-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
    checked().unchanged().run();
}

#[test]
fn rejection_of_earlier_act_does_not_cover_later_act() {
    let flow = shop()
        .given_events(stock_received(5))
        .given_command(place_order())
        .when(place_order())
        .then_rejected(::shop::OrderError::AlreadyPlaced)
        .when_event(StockReceived {
            product_id: "prod-2".into(),
            quantity: 1,
        })
        .then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the last `then`, and no act since changed it: the step would pass without the acts since
              If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn absent_row_needs_no_act() {
    unrelated_act()
        .then_projection::<OrderDashboard>("ord-9")
        .absent()
        .then(
            expect::projections::<OrderDashboard>()
                .none(|row| row.status == OrderStatus::Cancelled),
        )
        .run();
}

#[test]
fn row_from_given_needs_unchanged_in_engine_mode() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(StockReceived {
            product_id: "prod-2".into(),
            quantity: 1,
        })
        .then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     the state is from before the first act, and no act changed it: the step would pass without any act
              If the test expects this, add `.unchanged()`
    "#);
}

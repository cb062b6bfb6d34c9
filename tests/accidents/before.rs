//! What was so before the first act, and was not touched since, shows nothing about the acts.

use ::bank::{Account, AccountEvent, RequestTransfer, TransferProcess};
use ::shop::{
    Inventory, MailError, MailHandler, OrderDashboard, OrderStatus, StockLevel, StockReceived,
};
use flow_harness::{flow::Acted, prelude::*};

use crate::{
    fixture::{
        FakeMailer, Tally, dashboard, lab, paid, place, place_as, received, shop, shop_with_mail,
        told,
    },
    mismatch,
};

/// An order of which stock is left, and an act that has nothing to do with it.
fn untouched<'t>() -> Flow<'t, Acted> {
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
fn a_row_that_was_there_before_and_no_act_wrote_shows_nothing() {
    let flow = untouched().then_projection::<OrderDashboard>("ord-1");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn what_is_checked_of_such_a_row_shows_nothing_either() {
    let row = || untouched().then_projection::<OrderDashboard>("ord-1");

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
fn what_is_not_so_is_told_before_that_it_was_so() {
    let flow = untouched()
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1" for which the closure holds
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn rows_of_which_no_act_wrote_one_show_nothing() {
    let rows = || untouched().then_projections::<OrderDashboard>();

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
fn an_aggregate_that_no_act_changed_shows_nothing() {
    let flow = untouched()
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 3);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Inventory "prod-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn an_aggregate_to_whose_stream_no_act_appended_shows_nothing() {
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
fn what_any_act_wrote_may_be_looked_at_after_any_later_act() {
    shop()
        .given_events(received(5))
        .when(place())
        .when(place_as("ord-2"))
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn what_an_act_wrote_again_as_it_was_shows_nothing() {
    let flow = lab()
        .given_events(told("x"))
        .when_event(told("x"))
        .then_projection::<Tally>("told-1")
        .has(|tally| tally.what == "x");

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Tally "told-1", changed by an act
    found     it was so before the first act and no act changed it: the step would pass without any act
              If that is the point, say so: `.unchanged()`
    "#);
}

#[test]
fn what_a_refused_act_left_as_it_was_is_the_point() {
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
fn what_a_failed_handler_left_as_it_was_is_the_point() {
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
fn a_refusal_of_an_earlier_act_excuses_no_later_one() {
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
fn what_is_not_there_needs_no_act_that_wrote_it() {
    untouched()
        .then_projection::<OrderDashboard>("ord-9")
        .absent()
        .then_projections::<OrderDashboard>()
        .none(|row| row.status == OrderStatus::Cancelled)
        .run();
}

#[test]
fn it_is_the_same_through_the_engine() {
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

//! What waits, comes later, or is done by an engine only.

use ::shop::{
    CancelOrder, OrderCancelled, OrderDashboard, OrderPlaced, OrderStatus, PaymentDeclined,
    ReceiveStock,
};
use flow_harness::{diagnosis::Cause, prelude::*};
use rstest::rstest;

use crate::{
    diagnosis, diagnosis_in_both_modes,
    fixture::{confirmed, paid, place, received, shop},
    shop_doubles::{Clumsy, Patient, with_handler, with_inventory},
};

#[test]
fn command_is_scheduled_for_later() {
    let flow = |mode| {
        with_handler(mode, || Patient)
            .given_events(received(9))
            .when(place())
            .then_event_like(|event: &OrderCancelled| event.reason == "not paid")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    6 CancelOrder is scheduled for 2026-01-02T00:00:00Z, which has not come
    do let time pass before it is asked: `.when_time_passes(..)`
    ");
}

#[test]
fn scheduled_command_has_run() {
    let flow = |mode| {
        with_handler(mode, || Patient)
            .given_events(received(9))
            .when(place())
            .when_time_passes(std::time::Duration::from_secs(90_000))
            .then_scheduled::<CancelOrder>()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"20 OrderCommandHandler handled CancelOrder: OrderCancelled, Order "ord-1""#);
}

#[test]
fn event_is_pending_in_the_outbox() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(received(9))
        .when(place())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed);

    insta::assert_snapshot!(diagnosis(flow), @r"
    13 OrderPlaced waits in the outbox, to be published: the engine has not run since
    do let the engine run first: `.when_engine_runs()`
    ");
}

#[test]
fn event_is_pending_for_a_handler() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(received(9))
        .when(place())
        .when_engine_cycles(1)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed);

    insta::assert_snapshot!(diagnosis(flow), @r"
    13 StockReserved waits in the outbox, to be published: the engine has not run since
    do let the engine run first: `.when_engine_runs()`
    ");
}

#[test]
fn expectation_is_before_the_engine_run() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(received(9))
        .when(place())
        .then_projection::<OrderDashboard>("ord-1")
        .when_engine_runs()
        .then_settled();

    insta::assert_snapshot!(diagnosis(flow), @r"
    17 it is so after step 4, when the engine runs, and was asked before
    do say it after step 4
    or 13 OrderPlaced waits in the outbox, to be published: the engine has not run since
    ");
}

#[test]
fn sync_mode_publishes_nothing() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_events(received(9))
        .when(place())
        .then_published::<OrderPlaced>();

    insta::assert_snapshot!(diagnosis(flow), @r"
    14 `Mode::Sync` publishes nothing, and `then_published` asks for that
    do run it with `.mode(Mode::Engine)`
    ");
}

#[test]
fn sync_mode_retries_nothing() {
    let flow = with_inventory(Mode::Sync, || Clumsy)
        .given_events(received(9))
        .when(place())
        .then_attempts::<Clumsy>(3)
        .then_handler_failed_saying::<Clumsy>("smoke");

    insta::assert_snapshot!(diagnosis(flow), @r"
    14 `Mode::Sync` tries nothing again, and `then_attempts` asks for that
    do run it with `.mode(Mode::Engine)`
    ");
}

#[test]
fn engine_has_no_dead_letters() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(received(9))
        .when(place())
        .then_dead_letters();

    insta::assert_snapshot!(diagnosis(flow), @"23 the 6 messages that were handled were all handled well");
}

/// What is said of the last act is another question after the next one: it was not asked too early.
#[rstest]
fn expectation_on_the_last_act_is_not_too_early(
    #[values("accepted", "events", "chain")] word: &str,
) {
    let placed = shop()
        .mode(Mode::Sync)
        .given_events(received(9))
        .given_command(place())
        .when_event(payment_declined());
    let flow = match word {
        "accepted" => placed.when(place()).then_accepted(),
        "events" => placed.then_events(::shop::StockReceived {
            product_id: "prod-1".into(),
            quantity: 4,
        }),
        _ => placed.then_chain(["ReceiveStock", "StockReceived"]),
    };
    let flow = flow
        .when(ReceiveStock {
            product_id: "prod-1".into(),
            quantity: 4,
        })
        .then_settled();

    let failure = flow.try_run().unwrap_err();

    let verdict = &failure.diagnosis().unwrap().cause;
    assert!(
        !matches!(verdict, Cause::AssertedTooEarly { .. }),
        "{failure}"
    );
}

fn payment_declined() -> PaymentDeclined {
    PaymentDeclined {
        payment_id: "pay-9".into(),
        order_id: "ord-9".into(),
    }
}

#[test]
fn rejection_ranks_before_a_later_success() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .given_command(place())
            .when(place())
            .then_event(confirmed())
            .when_event(paid())
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    2 OrderCommandHandler refused PlaceOrder: the order is already placed
    do make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`
    ");
}

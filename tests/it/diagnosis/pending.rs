//! Messages that are pending or scheduled, and features that need the engine.

use ::shop::{
    CancelOrder, OrderCancelled, OrderDashboard, OrderPlaced, OrderStatus, PaymentDeclined,
    ReceiveStock,
};
use flow_harness::{diagnosis::Cause, prelude::*};
use rstest::rstest;

use crate::{
    diagnosis::{
        diagnosis_text::{diagnosis, diagnosis_in_both_modes},
        shop_doubles::{Clumsy, UnpaidOrderCanceller, with_handler, with_inventory},
    },
    fixture::{order_confirmed, payment_received, place_order, shop, stock_received},
};

#[test]
fn command_is_scheduled_for_later() {
    let flow = |mode| {
        with_handler(mode, || UnpaidOrderCanceller)
            .given_events(stock_received(9))
            .when(place_order())
            .then(expect::event_matching(|event: &OrderCancelled| {
                event.reason == "not paid"
            }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    6 CancelOrder is scheduled for 2026-01-02T00:00:00Z and is not due yet
    do let time pass before this step: `.when_time_passes(..)`
    ");
}

#[test]
fn scheduled_command_has_run() {
    let flow = |mode| {
        with_handler(mode, || UnpaidOrderCanceller)
            .given_events(stock_received(9))
            .when(place_order())
            .when_time_passes(std::time::Duration::from_secs(90_000))
            .then(expect::scheduled::<CancelOrder>())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"20 OrderCommandHandler handled CancelOrder; effects: OrderCancelled, Order "ord-1""#);
}

#[test]
fn event_is_pending_in_the_outbox() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(stock_received(9))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed);

    insta::assert_snapshot!(diagnosis(flow), @"
    13 OrderPlaced is pending in the outbox and not published yet
    do let the engine run before this step: `.when_engine_runs()`
    ");
}

#[test]
fn event_of_a_handler_is_pending_in_the_outbox() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(stock_received(9))
        .when(place_order())
        .when_engine_cycles(1)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed);

    insta::assert_snapshot!(diagnosis(flow), @"
    13 StockReserved is pending in the outbox and not published yet
    do let the engine run before this step: `.when_engine_runs()`
    ");
}

#[test]
fn expectation_before_the_engine_run_is_too_early() {
    let flow = shop()
        .mode(Mode::Engine)
        .paused()
        .given_events(stock_received(9))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .when_engine_runs()
        .then_settled();

    insta::assert_snapshot!(diagnosis(flow), @"
    17 the expectation holds only after step 4 (when the engine runs)
    do move the expectation after step 4
    ");
}

#[test]
fn sync_mode_publishes_nothing() {
    let flow = shop()
        .mode(Mode::Sync)
        .given_events(stock_received(9))
        .when(place_order())
        .then(expect::published::<OrderPlaced>());

    insta::assert_snapshot!(diagnosis(flow), @"
    14 `Mode::Sync` publishes nothing, but `expect::published` needs an engine
    do run the flow with `.mode(Mode::Engine)`
    ");
}

#[test]
fn sync_mode_retries_nothing() {
    let flow = with_inventory(Mode::Sync, || Clumsy)
        .given_events(stock_received(9))
        .when(place_order())
        .then(expect::attempts::<Clumsy>(3))
        .then(expect::handler_failed_with_message::<Clumsy>("smoke"));

    insta::assert_snapshot!(diagnosis(flow), @"
    14 `Mode::Sync` retries nothing, but `expect::attempts` needs an engine
    do run the flow with `.mode(Mode::Engine)`
    ");
}

#[test]
fn no_dead_letter_because_all_handlers_succeeded() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(9))
        .when(place_order())
        .then(expect::dead_letters());

    insta::assert_snapshot!(diagnosis(flow), @"23 6 messages were handled, all successfully");
}

/// These expectations check the last act. After the next `when` that is another act, so they are never
/// too early.
#[rstest]
fn expectation_on_the_last_act_is_not_too_early(
    #[values("accepted", "events", "chain")] expectation: &str,
) {
    let base_flow = shop()
        .mode(Mode::Sync)
        .given_events(stock_received(9))
        .given_command(place_order())
        .when_event(payment_declined());

    let flow = match expectation {
        "accepted" => base_flow.when(place_order()).then_accepted(),
        "events" => base_flow.then_events(::shop::StockReceived {
            product_id: "prod-1".into(),
            quantity: 4,
        }),
        _ => base_flow.then(expect::chain(["ReceiveStock", "StockReceived"])),
    }
    .when(ReceiveStock {
        product_id: "prod-1".into(),
        quantity: 4,
    })
    .then_settled();

    let failure = flow.try_run().unwrap_err();

    let cause = &failure.diagnosis().unwrap().cause;
    assert!(
        !matches!(cause, Cause::ExpectationTooEarly { .. }),
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
fn rejection_ranks_before_a_too_early_expectation() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when(place_order())
            .then_event(order_confirmed())
            .when_event(payment_received())
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 OrderCommandHandler rejected PlaceOrder: the order is already placed
    do set up the required state in a `given_..` step, if PlaceOrder should be accepted
    ");
}

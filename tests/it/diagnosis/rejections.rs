//! Rejections that are the cause, and rejections that are not.

use ::shop::{OrderError, ReceiveStock};
use flow_harness::prelude::*;

use crate::{
    diagnosis::{
        diagnosis_text::{diagnosis, diagnosis_in_both_modes},
        shop_doubles::{Hasty, Stubborn, with_handler},
    },
    fixture::{order_confirmed, order_placed, payment_received, place_order, shop, stock_received},
};

#[test]
fn nested_rejection_failed_the_event_handler() {
    let flow = |mode| {
        with_handler(mode, || Hasty)
            .given_events(stock_received(1))
            .given_command(place_order())
            .when_event(payment_received())
            .then_event(order_confirmed())
            .then(expect::handler_failed_with_message::<Hasty>("not Placed"))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 OrderCommandHandler rejected ConfirmOrder: the order is Cancelled, not Placed
    do set up the required state in a `given_..` step, if ConfirmOrder should be accepted
    ");
}

#[test]
fn ignored_rejection_is_not_the_cause() {
    let flow = |mode| {
        with_handler(mode, || Stubborn)
            .given_events(stock_received(1))
            .given_command(place_order())
            .when_event(payment_received())
            .then(expect::no_events())
            .then_handled_by::<Stubborn>()
            .then(expect::handler_failed_with_message::<Stubborn>("smoke"))
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @"7 Stubborn failed on PaymentReceived: booking the payment failed: there was smoke");
}

/// The test expects the rejection, and the flow goes on after it.
#[test]
fn rejection_in_an_earlier_act_proves_nothing() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_command(place_order())
            .when(place_order())
            .then_rejected(OrderError::AlreadyPlaced)
            .when(ReceiveStock {
                product_id: "prod-1".into(),
                quantity: 5,
            })
            .then_event(order_placed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 2 OrderCommandHandler rejected PlaceOrder: the order is already placed
    do set up the required state in a `given_..` step, if PlaceOrder should be accepted
    ");
}

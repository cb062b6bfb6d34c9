//! The result of the last command.

use ::shop::{ConfirmOrder, OrderError, OrderStatus};
use flow_harness::expect;

use crate::{
    assertions::order_flows::{ordered, ordered_twice},
    fixture::{
        FakeMailer, ask, instructed, lab, mismatch, payment_received, place_order, shop,
        shop_with_mail, stock_received,
    },
};

#[test]
fn then_accepted_is_not_rejected() {
    ordered().then_accepted().run();

    insta::assert_snapshot!(mismatch(ordered_twice().then_accepted()), @r"
    expected  PlaceOrder is accepted
    found     PlaceOrder was rejected: the order is already placed
    ");
}

#[test]
fn then_accepted_is_not_failed() {
    let unknown = ConfirmOrder {
        order_id: "ord-9".into(),
    };

    insta::assert_snapshot!(mismatch(shop().when(unknown).then_accepted()), @r"
    expected  ConfirmOrder is accepted
    found     ConfirmOrder failed: there is no Order `ord-9`
    ");
}

#[test]
fn then_rejected_compares_the_value() {
    ordered_twice()
        .then_rejected(OrderError::AlreadyPlaced)
        .run();

    let flow = ordered_twice().then_rejected(OrderError::Empty);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder is rejected with Empty
    found     PlaceOrder was rejected with AlreadyPlaced
    ");
    let flow = ordered().then_rejected(OrderError::Empty);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PlaceOrder is rejected with Empty
    found     PlaceOrder was accepted
    ");
}

#[test]
fn then_rejected_needs_a_rejection_of_that_type() {
    let flow = ordered_twice().then_rejected(::bank::AccountError::Closed);

    insta::assert_snapshot!(mismatch(flow), @"
    expected  PlaceOrder is rejected with Closed
    found     PlaceOrder was rejected: the order is already placed; this rejection is not of type AccountError
    ");
}

#[test]
fn then_rejected_like_asks_a_closure() {
    ordered()
        .when_event(payment_received())
        .when(ConfirmOrder {
            order_id: "ord-1".into(),
        })
        .then(expect::rejected_matching(|err: &OrderError| {
            matches!(err, OrderError::NotPlaced(_))
        }))
        .run();

    let flow = ordered_twice().then(expect::rejected_matching(|err: &OrderError| {
        *err == OrderError::NotPlaced(OrderStatus::Confirmed)
    }));
    insta::assert_snapshot!(mismatch(flow), @"
    expected  PlaceOrder is rejected with a value of type OrderError for which the closure returns true
    found     PlaceOrder was rejected with AlreadyPlaced
    ");
}

#[test]
fn then_rejected_saying_searches_the_message() {
    ordered_twice()
        .then(expect::rejected_with_message("already"))
        .run();

    let flow = ordered_twice().then(expect::rejected_with_message("too late"));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  PlaceOrder is rejected with a message that contains "too late"
    found     PlaceOrder was rejected: the order is already placed
    "#);
}

#[test]
fn then_reply_compares_the_reply_of_the_handler() {
    lab().when(ask("why?")).then_reply(4_usize).run();

    insta::assert_snapshot!(mismatch(lab().when(ask("why?")).then_reply(3_usize)), @r"
    expected  the reply 3
    found     the reply 4
    ");
    insta::assert_snapshot!(mismatch(lab().when(ask("why?")).then_reply("4")), @r#"
    expected  the reply "4", of type &str
    found     the reply 4, of type usize
    "#);
}

#[test]
fn then_reply_names_both_types_of_a_number() {
    insta::assert_snapshot!(mismatch(lab().when(ask("why?")).then_reply(4)), @r"
    expected  the reply 4, of type i32
    found     the reply 4, of type usize
              Write the number with its type: `4_usize`
    ");
    let flow = lab()
        .given_nothing()
        .when_with(|_| ask("why?"))
        .then_reply(4.0);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the reply 4.0, of type f64
    found     the reply 4, of type usize
    ");
}

#[test]
fn then_reply_needs_a_reply() {
    let flow = ordered_twice().then_reply(());

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  the reply ()
    found     PlaceOrder was rejected: the order is already placed
    ");
}

#[test]
fn then_settled_needs_acceptance_without_failures() {
    ordered().then_settled().run();

    insta::assert_snapshot!(mismatch(ordered_twice().then_settled()), @"
    expected  the flow settles without problems
    found     PlaceOrder was rejected: the order is already placed
    ");
    let flow = lab().when_event(instructed("fail")).then_settled();
    insta::assert_snapshot!(mismatch(flow), @"
    expected  the flow settles without problems
    found     Brittle failed on Instructed: the instruction failed: there was smoke
    ");
}

#[test]
fn then_settled_finds_a_failure_far_down_the_chain() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the flow settles without problems
    found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down
    ");
}

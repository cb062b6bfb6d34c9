//! A problem that no `then` asserts fails the flow.

use ::shop::{MailError, MailHandler, OrderDashboard, OrderError, OrderStatus};
use flow_harness::expect;

use crate::fixture::{
    Brittle, Bystander, FakeMailer, LabError, ask, counted, instructed, lab, mismatch,
    payment_received, place_order, shop, shop_with_mail, stock_received,
};

#[test]
fn flow_without_then_fails() {
    insta::assert_snapshot!(mismatch(shop().when(place_order())), @"
    expected  at least one `then` step
    found     none; a flow without an expectation always passes
              Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`
    ");
}

#[test]
fn last_act_without_then_is_checked_for_problems() {
    let flow = shop()
        .when(place_order())
        .then_accepted()
        .when(place_order());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     PlaceOrder was rejected: the order is already placed
              If the test expects this, add `.then_rejected(..)`
    ");
}

#[test]
fn unasserted_rejection_before_another_act_fails() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .when_event(stock_received(5))
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     PlaceOrder was rejected: the order is already placed
              If the test expects this, add `.then_rejected(..)`
    ");
}

#[test]
fn asserted_rejection_does_not_cover_another() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then_rejected(OrderError::AlreadyPlaced)
        .when(place_order())
        .then_no_events();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     PlaceOrder was rejected: the order is already placed
              If the test expects this, add `.then_rejected(..)`
    ");
}

#[test]
fn unasserted_handler_failure_fails() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed);

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down
              If the test expects this, add `.then(expect::handler_failed::<MailHandler>(..))`
    ");
}

#[test]
fn unasserted_handler_failure_before_another_act_fails() {
    let flow = lab()
        .when_event(instructed("fail"))
        .when_event(instructed("x"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     Brittle failed on Instructed: the instruction failed: there was smoke
              If the test expects this, add `.then(expect::handler_failed::<Brittle>(..))`
    ");
}

#[test]
fn panic_in_a_handler_is_reported() {
    let flow = lab()
        .when_event(instructed("panic"))
        .then_handled_by::<Bystander>();

    let text = mismatch(flow);
    assert!(text.contains("the beaker broke"), "{text}");
}

#[test]
fn asserted_failure_does_not_cover_another_handler() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::handler_failed::<MailHandler>(MailError))
        .when(::shop::ConfirmOrder {
            order_id: "ord-9".into(),
        })
        .then(expect::handler_failed::<MailHandler>(MailError));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no problem, or a `then` that covers it
    found     ConfirmOrder failed: there is no Order `ord-9`
              If the test expects this, add `.then(expect::handler_failed_with_message::<OrderCommandHandler>(".."))`
    "#);
}

#[test]
fn asserted_failure_does_not_cover_a_second_failure() {
    let flow = lab()
        .when_event(instructed("fail, then panic"))
        .then(expect::handler_failed::<Brittle>(LabError("smoke")));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no problem, or a `then` that covers it
    found     Brittle failed on Instructed: panicked at tests/it/fixture/lab.rs:LINE: the beaker broke
              If the test expects this, add `.then(expect::handler_failed_with_message::<Brittle>(".."))`
    "#);
}

#[test]
fn failed_command_is_not_a_rejected_one() {
    let confirm = || {
        shop().when(::shop::ConfirmOrder {
            order_id: "ord-9".into(),
        })
    };

    insta::assert_snapshot!(mismatch(confirm().then_rejected(OrderError::AlreadyPlaced)), @r"
    expected  ConfirmOrder is rejected with AlreadyPlaced
    found     ConfirmOrder failed: there is no Order `ord-9`
              A missing state is a failure. To reject the command, load it with `find`, and return a rejection
    ");
    insta::assert_snapshot!(mismatch(confirm().then(expect::rejected_matching(|_: &OrderError| true))), @"
    expected  ConfirmOrder is rejected with a value of type OrderError for which the closure returns true
    found     ConfirmOrder failed: there is no Order `ord-9`
              A missing state is a failure. To reject the command, load it with `find`, and return a rejection
    ");
    insta::assert_snapshot!(mismatch(confirm().then(expect::rejected_with_message("no Order"))), @r#"
    expected  ConfirmOrder is rejected with a message that contains "no Order"
    found     ConfirmOrder failed: there is no Order `ord-9`
              A missing state is a failure. To reject the command, load it with `find`, and return a rejection
    "#);
}

#[test]
fn rejected_command_is_not_a_failed_handler() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then(expect::handler_failed_with_message::<
            ::shop::OrderCommandHandler,
        >("already placed"));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderCommandHandler fails with a message that contains "already placed"
    found     PlaceOrder was rejected: the order is already placed
              A rejection of a command is not a failure. If the test expects it, add `.then_rejected(..)`
    "#);
}

#[test]
fn endless_flow_fails_whatever_is_expected() {
    let flow = lab()
        .budget(20)
        .when_event(counted(100))
        .then_handled_by::<crate::fixture::Countdown>();

    let text = mismatch(flow);
    assert!(
        text.contains("did not settle within 20 deliveries"),
        "{text}"
    );
}

#[test]
fn chain_of_thousands_is_run_to_its_end() {
    lab()
        .when_event(counted(5_000))
        .then_handled_by::<crate::fixture::Countdown>()
        .times(5_001)
        .run();
}

#[test]
fn endless_flow_has_a_short_report() {
    let failure = lab()
        .when_event(counted(u32::MAX))
        .then_settled()
        .try_run()
        .unwrap_err();

    let text = failure.to_string();
    assert!(
        text.contains("did not settle within 10000 deliveries"),
        "{text}"
    );
    assert!(text.lines().count() < 80, "{text}");
}

#[test]
fn expectation_of_an_earlier_act_covers_no_later_failure() {
    let flow = lab()
        .when(ask("why?"))
        .then_settled()
        .when(ask(""))
        .then_no_events();

    let text = mismatch(flow);
    assert!(text.contains("nothing was asked"), "{text}");
}

#[test]
fn failure_in_given_fails_the_flow() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .given_events(payment_received())
        .when(::shop::ReceiveStock {
            product_id: "prod-1".into(),
            quantity: 1,
        })
        .then(expect::handler_failed::<MailHandler>(MailError));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the given step runs without problems
    found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down
    ");
}

//! `then_handled_by` and `then_handler_failed`.

use ::shop::{Fulfilment, InventoryEventHandler, MailError, MailHandler, OrderDashboardProjector};
use flow_harness::prelude::*;

use crate::{
    assertions::order_flows::ordered,
    fixture::{
        Brittle, Bystander, DeskHandler, FakeMailer, LabError, ask, instructed, lab, mismatch,
        payment_received, place_order, shop_with_mail, stock_received,
    },
};

#[test]
fn then_handled_by_is_at_least_once() {
    ordered().then_handled_by::<Fulfilment>().run();
    ordered()
        .then_handled_by::<::shop::OrderCommandHandler>()
        .run();

    let flow = ordered().then_handled_by::<::shop::InventoryCommandHandler>();
    insta::assert_snapshot!(mismatch(flow), @"
    expected  InventoryCommandHandler handles at least 1 message
    found     it handled nothing
    ");
}

#[test]
fn then_handled_by_times_is_exact() {
    ordered().then_handled_by::<Fulfilment>().times(2).run();
    ordered()
        .then_handled_by::<::shop::InventoryCommandHandler>()
        .times(0)
        .run();

    let flow = ordered().then_handled_by::<Fulfilment>().times(1);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  Fulfilment handles 1 message
    found     it handled 2 messages
    ");
    let flow = ordered()
        .then_handled_by::<InventoryEventHandler>()
        .times(2);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  InventoryEventHandler handles 2 messages
    found     it handled 1 message
    ");
}

#[test]
fn then_handled_by_counts_all_acts_so_far() {
    ordered()
        .when_event(payment_received())
        .then_handled_by::<OrderDashboardProjector>()
        .times(2)
        .run();
}

#[test]
fn then_handled_by_ignores_skipped_messages() {
    let flow = ordered()
        .when_event(payment_received())
        .when_event(payment_received())
        .then_handled_by::<Fulfilment>()
        .times(4);

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Fulfilment handles 4 messages
    found     it handled 3 messages
              skipped 1 message: Fulfilment `ord-1` is complete
    ");
}

#[test]
fn then_handled_by_ignores_failed_messages() {
    let flow = lab()
        // An engine would retry the failed message.
        .mode(Mode::Sync)
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<Brittle>(LabError("smoke")))
        .then_handled_by::<Brittle>();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Brittle handles at least 1 message
    found     it handled nothing
              failed on 1 message: the instruction failed: there was smoke
    ");
}

#[test]
fn then_handler_failed_compares_the_error() {
    lab()
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<Brittle>(LabError("smoke")))
        .run();

    let flow = lab()
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<Brittle>(LabError("fire")));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Brittle fails with LabError("fire")
    found     Brittle failed with LabError("smoke"): the instruction failed: there was smoke
    "#);
}

#[test]
fn then_handler_failed_needs_a_failure() {
    let flow = ordered().then(expect::handler_failed::<InventoryEventHandler>(MailError));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  InventoryEventHandler fails with MailError
    found     InventoryEventHandler did not fail
    ");
}

#[test]
fn then_handler_failed_saying_searches_the_error_chain() {
    let failed = || {
        shop_with_mail(FakeMailer::down)
            .given_events(stock_received(5))
            .given_command(place_order())
            .when_event(payment_received())
    };

    failed()
        .then(expect::handler_failed_with_message::<MailHandler>(
            "sending the mail failed: the mail server",
        ))
        .run();

    let flow = failed().then(expect::handler_failed_with_message::<MailHandler>(
        "timed out",
    ));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  MailHandler fails with a message that contains "timed out"
    found     MailHandler failed: sending the mail failed: the mail server is down
    "#);
}

#[test]
fn then_handler_failed_saying_searches_a_panic_message() {
    let panicked = || lab().when_event(instructed("panic"));

    panicked()
        .then(expect::handler_failed_with_message::<Brittle>(
            "fixture/lab.rs:",
        ))
        .then(expect::handler_failed_with_message::<Brittle>(
            "the beaker broke",
        ))
        .then_handled_by::<Bystander>()
        .run();

    let text = mismatch(panicked().then(expect::handler_failed_with_message::<Brittle>("smoke")));
    insta::assert_snapshot!(text, @r#"
    expected  Brittle fails with a message that contains "smoke"
    found     Brittle failed: panicked at tests/it/fixture/lab.rs:LINE: the beaker broke
    "#);
}

#[test]
fn then_handler_failed_matches_a_command_handler_panic() {
    lab()
        .when(ask(""))
        .then(expect::handler_failed_with_message::<DeskHandler>(
            "nothing was asked",
        ))
        .run();
}

#[test]
fn no_handler_failure_needs_a_call_without_a_failure() {
    let no_failure = expect::no_handler_failure::<Brittle>;

    lab()
        .when_event(instructed("rest"))
        .then(no_failure())
        .run();

    let flow = lab().when_event(instructed("fail")).then(no_failure());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  Brittle is called and does not fail
    found     Brittle failed: the instruction failed: there was smoke
    ");
    let flow = lab().when(ask("why?")).then(no_failure());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  Brittle is called and does not fail
    found     it was not called
    ");
}

#[test]
fn no_handler_failure_ignores_a_retried_attempt() {
    shop_with_mail(FakeMailer::default)
        .mode(Mode::Engine)
        .with_fault(Fault::handler::<MailHandler>().fails(MailError))
        .given_events(stock_received(5))
        .when(place_order())
        .when_event(payment_received())
        .then(expect::no_handler_failure::<MailHandler>())
        .then(expect::attempts::<MailHandler>(2))
        .run();
}

//! An expectation that an earlier act met, and that a `then` step follows already.

use std::fmt::Write;

use ::shop::{Inventory, InventoryEventHandler, OrderDashboard, OrderStatus};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;

use crate::fixture::{
    FakeMailer, mismatch, order_placed, payment_received, place_order, remind, shop,
    shop_with_mail, sign_ups, signed_up, stock_received,
};

/// A flow of two acts, whose second `then` is met by the first act, in this mode.
type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

#[rustfmt::skip]
const FAILING: &[Case] = &[
    ("row", |mode| restocked(mode).then_projection::<OrderDashboard>("ord-1").has(|row| row.status == OrderStatus::Placed).then_settled()),
    ("all rows", |mode| restocked(mode).then(expect::projections::<OrderDashboard>().count(1))),
    ("event", |mode| restocked(mode).then_event(order_placed())),
    ("matching event", |mode| restocked(mode).then(expect::event_matching(|event: &::shop::OrderPlaced| event.quantity == 2))),
    ("handler", |mode| restocked(mode).then_handled_by::<InventoryEventHandler>().then_settled()),
    ("schedule", |mode| sign_ups().mode(mode).when_event(signed_up(60)).then_settled()
        .when(remind("bob")).then(expect::scheduled::<crate::fixture::Remind>())),
    ("failure", |mode| shop_with_mail(FakeMailer::down).mode(mode).given_events(stock_received(5)).given_command(place_order())
        .when_event(payment_received()).then(mail_failed())
        .when_event(stock_received(7)).then(mail_failed())),
    ("state beside a failed handler", |mode| paid_without_mail(mode).then(expect::aggregate::<Inventory>("prod-1").has(|stock| stock.available == 3))),
    ("event beside a failed handler", |mode| paid_without_mail(mode).then_event(order_placed())),
];

#[rustfmt::skip]
const PASSING: &[Case] = &[
    ("acts without a `then` between", |mode| ordered(mode).when_event(stock_received(7)).then_event(order_placed())),
    ("exact number", |mode| restocked(mode).then_handled_by::<InventoryEventHandler>().times(1)),
    ("no change expected", |mode| restocked(mode).then_projection::<OrderDashboard>("ord-1").unchanged().then_settled()),
    ("rejected act", |mode| ordered(mode).then_accepted().when(place_order()).then_rejected(::shop::OrderError::AlreadyPlaced)
        .then_event(order_placed())),
    ("act that is rejected later", |mode| ordered(mode).then_accepted().when_submitted(place_order())
        .then(expect::handler_failed::<::shop::OrderCommandHandler>(::shop::OrderError::AlreadyPlaced)).then_event(order_placed())),
];

fn ordered(mode: Mode) -> Flow<'static, Acted> {
    shop()
        .mode(mode)
        .given_events(stock_received(5))
        .when(place_order())
}

/// An order is placed and checked, and then more stock comes in.
fn restocked(mode: Mode) -> Flow<'static, Acted> {
    ordered(mode).then_accepted().when_event(stock_received(7))
}

/// An order is placed and checked, and its payment leads to a mail that fails.
fn paid_without_mail(mode: Mode) -> Flow<'static, Acted> {
    shop_with_mail(FakeMailer::down)
        .mode(mode)
        .given_events(stock_received(5))
        .when(place_order())
        .then_accepted()
        .when_event(payment_received())
        .then(mail_failed())
}

fn mail_failed() -> impl Expectation {
    expect::handler_failed_with_message::<::shop::MailHandler>("mail")
}

#[test]
fn expectation_that_an_earlier_act_met_fails() {
    let texts = |mode| {
        FAILING
            .iter()
            .fold(String::new(), |mut texts, (name, flow)| {
                writeln!(texts, "{name}\n{}\n", mismatch(flow(mode)))
                    .expect("a string takes any text");
                texts
            })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    insta::assert_snapshot!(in_sync, @r#"
    row
      expected  OrderDashboard "ord-1", changed by an act
      found     the state is from before the last `then`, and no act since changed it: the step would pass without the acts since
                If the test expects this, add `.unchanged()`

    all rows
      expected  rows of OrderDashboard, changed by an act
      found     the rows are from before the last `then`, and no act since changed any of them: the step would pass without the acts since
                If the test expects this, add `.unchanged()`

    event
      expected  event OrderPlaced, because of an act after the last `then`
      found     an earlier act did this, and a `then` follows that act: the step would pass without the acts since
                Move the step to the act that does it

    matching event
      expected  event OrderPlaced that matches, because of an act after the last `then`
      found     an earlier act did this, and a `then` follows that act: the step would pass without the acts since
                Move the step to the act that does it

    handler
      expected  handled by InventoryEventHandler, because of an act after the last `then`
      found     an earlier act did this, and a `then` follows that act: the step would pass without the acts since
                Move the step to the act that does it

    schedule
      expected  Remind is scheduled, because of an act
      found     it is scheduled from before the last `then`, and no act since changed that: the step would pass without the acts since
                If the test expects this, add `.unchanged()`

    failure
      expected  handler MailHandler failed with a message that contains "mail", because of an act after the last `then`
      found     an earlier act did this, and a `then` follows that act: the step would pass without the acts since
                Move the step to the act that does it

    state beside a failed handler
      expected  Inventory "prod-1", changed by an act
      found     the state is from before the last `then`, and no act since changed it: the step would pass without the acts since
                If the test expects this, add `.unchanged()`

    event beside a failed handler
      expected  event OrderPlaced, because of an act after the last `then`
      found     an earlier act did this, and a `then` follows that act: the step would pass without the acts since
                Move the step to the act that does it
    "#);
}

#[rstest]
fn expectation_about_a_new_act_passes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    for (_, flow) in PASSING {
        flow(mode).run();
    }
}

#[rstest]
fn resource_that_an_earlier_act_changed_is_a_warning(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let has_sent = |mailer: &FakeMailer| mailer.sent().len() == 1;
    let outcome = shop_with_mail(FakeMailer::default)
        .mode(mode)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::resource(has_sent))
        .when_event(stock_received(7))
        .then(expect::resource(has_sent))
        .run();

    let warnings = outcome.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0]
            .text
            .starts_with("the `Debug` text of FakeMailer")
    );
}

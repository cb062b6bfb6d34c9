//! A fault that changes nothing fails the flow, in each mode with the same text.

use std::fmt::Write;

use ::booking::ServerDown;
use ::shop::{Fulfilment, MailHandler, Order, OrderDashboardProjector, OrderStatus};
use flow_domain::{Domain, WiringErrors};
use flow_harness::{Flow, fault::StepFault, flow::Acted, prelude::*};
use rstest::rstest;

use crate::fixture::{
    Countdown, Counted, FakeMailer, counted, mismatch, payment_received, place_order, shop,
    shop_with_mail, stock_received,
};

/// A fault, and the flow that does not need it.
type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

/// Faults at a handler that only skips the event of the flow: no order was placed.
#[rustfmt::skip]
const SKIPPING: &[Case] = &[
    ("fails", |mode| unknown_payment(mode, Fault::handler::<Fulfilment>().fails(ServerDown))),
    ("panics", |mode| unknown_payment(mode, Fault::handler::<Fulfilment>().panics("fire"))),
    ("on attempts", |mode| unknown_payment(mode, Fault::handler::<Fulfilment>().panics("fire").on_attempts(1..=2))),
    ("attempts", |mode| shop().mode(mode).when_event(payment_received()).then(expect::attempts::<Fulfilment>(1))),
    ("no failure", |mode| shop().mode(mode).when_event(payment_received()).then(expect::no_handler_failure::<Fulfilment>())),
];

/// Faults of an engine that change nothing.
#[rustfmt::skip]
const ENGINE: &[Case] = &[
    ("crash after a skipped event", |mode| unknown_payment(mode, Fault::crash_after::<Fulfilment>().commits())),
    ("crash after a failed attempt", |mode| shop_with_mail(FakeMailer::down).mode(mode)
        .given_events(stock_received(5)).given_command(place_order())
        .with_fault(Fault::crash_after::<MailHandler>().commits())
        .when_event(payment_received()).then(expect::dead_letters().one())),
    ("restart after the last delivery", |mode| placed(mode, Fault::restart_after(5))),
    ("restart after the last delivery of several", |mode| placed(mode, Fault::restart_after(4).times(2))),
    ("restart after more deliveries", |mode| placed(mode, Fault::restart_after(6))),
    ("attempts of a publication", |mode| placed(mode, Fault::publish().fails().on_attempts(1..=3))),
    ("times before attempts", |mode| placed(mode, Fault::handler::<OrderDashboardProjector>().panics("fire").times(2).on_attempts(1..=1))),
    ("second fault at a fake", |mode| shop_with_mail(FakeMailer::default).mode(mode)
        .given_events(stock_received(5)).given_command(place_order())
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(1))
        .when_event(payment_received())
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(9))
        .when_event(payment_received()).then(expect::handled_by::<MailHandler>())),
    ("conflict at every step without a commit", |mode| FlowHarness::new(counting).mode(mode)
        .when_event(counted(0)).then_settled().fault_at_every_step(StepFault::Conflicts)),
    ("restart at the only step", |mode| FlowHarness::new(counting).mode(mode)
        .when_event(counted(0)).then_settled().fault_at_every_step(StepFault::Restarts)),
];

/// A redelivery that no handler receives.
fn unknown_payment(mode: Mode, fault: Fault) -> Flow<'static, Acted> {
    shop()
        .mode(mode)
        .with_fault(fault)
        .when_event(payment_received())
        .then_settled()
}

fn placed(mode: Mode, fault: Fault) -> Flow<'static, Acted> {
    shop()
        .mode(mode)
        .given_events(stock_received(5))
        .with_fault(fault)
        .when(place_order())
        .then_accepted()
}

fn texts(cases: &[Case], mode: Mode) -> String {
    cases.iter().fold(String::new(), |mut texts, (name, flow)| {
        writeln!(texts, "{name}\n{}\n", mismatch(flow(mode))).expect("a string takes any text");
        texts
    })
}

#[test]
fn skipped_event_is_no_call_in_any_mode() {
    let in_sync = texts(SKIPPING, Mode::Sync);

    pretty_assertions::assert_eq!(texts(SKIPPING, Mode::Engine), in_sync);
    insta::assert_snapshot!(in_sync, @"
    fails
      expected  the fault happens: Fulfilment fails: the mail server is down
      found     the run never reached the point of the fault
                the handler skipped 1 message: no Fulfilment `ord-1` was started

    panics
      expected  the fault happens: Fulfilment panics: fire
      found     the run never reached the point of the fault
                the handler skipped 1 message: no Fulfilment `ord-1` was started

    on attempts
      expected  the fault happens: Fulfilment panics: fire, on attempts 1 to 2
      found     the run never reached the point of the fault
                the handler skipped 1 message: no Fulfilment `ord-1` was started

    attempts
      expected  Fulfilment tries once
      found     it was not called
                attempt 1 at 2026-01-01T00:00:00Z: skipped: no Fulfilment `ord-1` was started

    no failure
      expected  Fulfilment is called and does not fail
      found     it was not called
                skipped 1 message: no Fulfilment `ord-1` was started
    ");
}

#[test]
fn engine_fault_that_changes_nothing_fails() {
    insta::assert_snapshot!(texts(ENGINE, Mode::Engine), @"
    crash after a skipped event
      expected  the fault happens: the engine crashes after Fulfilment commits
      found     the run never reached the point of the fault
                the handler skipped 1 message: no Fulfilment `ord-1` was started

    crash after a failed attempt
      expected  the fault happens: the engine crashes after MailHandler commits
      found     the run never reached the point of the fault

    restart after the last delivery
      expected  the fault happens: the engine restarts after 5 deliveries
      found     no handler was called after the restart, so the restart changes nothing
                Restart after fewer deliveries, or add an act

    restart after the last delivery of several
      expected  the fault happens: the engine restarts after 4 deliveries
      found     no handler was called after the restart, so the restart changes nothing
                Restart after fewer deliveries, or add an act

    restart after more deliveries
      expected  the fault happens: the engine restarts after 6 deliveries
      found     the run reached the point of the fault only 5 times

    attempts of a publication
      expected  a fault at a handler, which has attempts
      found     publishing fails
                Use `.times(..)` or `.nth(..)` instead of `.on_attempts(..)`

    times before attempts
      expected  the fault happens: OrderDashboardProjector panics: fire, on attempt 1
      found     the fault happened only once

    second fault at a fake
      expected  the fault happens: a call of FakeMailer fails, at occurrence 9
      found     the flow called FakeMailer fewer times

    conflict at every step without a commit
      expected  an effect of the fault: a conflict at the commit of a handler
      found     none of 1: no handler commits anything

    restart at the only step
      expected  an effect of the fault: the engine restarts after a handler
      found     none of 1: no handler is called after the restart
    ");
}

/// The commands of the test go to the new handlers, too.
#[test]
fn restart_before_a_further_act_is_an_effect() {
    placed(Mode::Engine, Fault::restart_after(5))
        .when_event(payment_received())
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .run();
}

#[rstest]
fn fault_at_a_handler_that_runs_is_an_effect(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = placed(mode, Fault::handler::<Fulfilment>().fails(ServerDown));

    let outcome = flow.try_run();
    assert_eq!(
        outcome.is_ok(),
        mode == Mode::Engine,
        "only an engine retries"
    );
}

fn counting() -> Result<Domain, WiringErrors> {
    Domain::builder("counting")
        .event_from_outside::<Counted>()
        .event_handler(Countdown)
        .build()
}

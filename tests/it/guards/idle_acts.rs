//! An act in which nothing can happen, and an act that no `then` follows.

use std::{fmt::Write, time::Duration};

use ::booking::{PAYMENT_TERM, RoomReleased};
use ::shop::StockReceived;
use flow_harness::{flow::Acted, prelude::*};
use rstest::rstest;

use crate::fixture::{
    book_room, mismatch, pay_room, place_order, remind, reminded, rooms, shop, sign_ups, signed_up,
    stock_received,
};

const SECOND: Duration = Duration::from_secs(1);

/// A flow whose last act is about nothing, in this mode.
type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

/// No handler subscribes to `Reminded`, and no aggregate is folded from it.
#[rustfmt::skip]
const FAILING: &[Case] = &[
    ("event", |mode| sign_ups().mode(mode).when_event(reminded()).then_no_events()),
    ("event, settled", |mode| sign_ups().mode(mode).when_event(reminded()).then_settled()),
    ("event, reply", |mode| sign_ups().mode(mode).when_event(reminded()).then_reply(())),
    ("event before another act", |mode| sign_ups().mode(mode).when_event(reminded()).when(remind("ada")).then_accepted()),
    ("event, paused", |mode| sign_ups().paused().mode(mode).when_event(reminded()).when_engine_runs().then_no_events()),
    ("redelivery", |mode| sign_ups().mode(mode).when(remind("ada")).when_redelivered(1).then_no_events()),
    ("last act without a then", |mode| sign_ups().mode(mode).when(remind("ada")).then_accepted().when_event(signed_up(1))),
    ("last time without a then", |mode| rooms().mode(mode).when(book_room()).then_accepted().when_time_passes(PAYMENT_TERM)),
];

#[rustfmt::skip]
const WARNING: &[Case] = &[
    ("time without a schedule", |mode| sign_ups().mode(mode).when(remind("ada")).when_time_passes(SECOND).then_no_events()),
    ("too little time, settled", |mode| rooms().mode(mode).when(book_room()).when_time_passes(SECOND).then_settled()),
    ("engine", |mode| sign_ups().mode(mode).when(remind("ada")).when_engine_runs().then_no_events()),
    ("cycles", |mode| sign_ups().mode(mode).when(remind("ada")).when_engine_cycles(3).then_no_events()),
    ("paused engine at the start", |mode| sign_ups().paused().mode(mode).given_command(remind("ada")).when_engine_runs().then_no_events()),
    ("paused engine twice", |mode| sign_ups().paused().mode(mode).when_event(signed_up(9)).when_engine_runs().when_engine_runs().then_no_events()),
];

#[rustfmt::skip]
const PASSING: &[Case] = &[
    ("event that an aggregate is folded from", |mode| shop().mode(mode).when_event(StockReceived { product_id: "p".into(), quantity: 1 }).then_settled()),
    ("redelivery to a handler", |mode| shop().mode(mode).given_events(stock_received(9)).when(place_order()).when_redelivered(1).then_no_events()),
    ("time before another act", |mode| sign_ups().mode(mode).given_nothing().when_time_passes(SECOND).when(remind("ada")).then_accepted()),
    ("time in which nothing is due yet", |mode| rooms().mode(mode).when(book_room()).when_time_passes(SECOND).then(expect::no_event::<RoomReleased>())),
    ("time in which something is due", |mode| rooms().mode(mode).when(book_room()).when_time_passes(PAYMENT_TERM).then_settled()),
    ("time after a cancelled schedule", |mode| rooms().mode(mode).given_command(book_room()).given_command(pay_room()).when_time_passes(PAYMENT_TERM).then(expect::no_event::<RoomReleased>())),
    ("time after a schedule that was due", |mode| sign_ups().mode(mode).when_event(signed_up(1)).when_time_passes(SECOND).then_event(reminded()).when_time_passes(SECOND).then_no_events()),
    ("paused engine", |mode| sign_ups().paused().mode(mode).when_event(signed_up(9)).when_engine_runs().then_no_events()),
    ("acts in a row", |mode| sign_ups().mode(mode).when(remind("ada")).when(remind("bob")).then_accepted()),
];

/// In sync mode, there is no engine that could be paused.
#[test]
fn redelivery_to_an_engine_that_stays_paused_fails() {
    let redelivered = || {
        sign_ups()
            .paused()
            .mode(Mode::Engine)
            .when_event(signed_up(9))
            .when_engine_runs()
            .when_event(signed_up(9))
            .when_redelivered(1)
    };

    insta::assert_snapshot!(mismatch(redelivered().then(expect::pending(4))), @"
    expected  events of the last act that a handler receives, to be redelivered
    found     the engine is paused, and does not run after this step
              Add `.when_engine_runs()`
    ");
    redelivered().when_engine_runs().then_settled().run();
}

/// Returns the texts about steps, one per line.
fn warnings(flow: Flow<'_, Acted>) -> String {
    let outcome = flow.run();
    let warnings = outcome.warnings().into_iter();
    let texts: Vec<String> = warnings
        .filter(|warning| warning.location.is_some())
        .map(|warning| warning.text)
        .collect();

    texts.join("\n")
}

/// Returns the text of each case; the texts must be the same in every mode.
#[track_caller]
fn same_in_every_mode(cases: &[Case], text: fn(Flow<'_, Acted>) -> String) -> String {
    let texts = |mode| {
        cases.iter().fold(String::new(), |mut texts, (name, flow)| {
            writeln!(texts, "{name}\n{}\n", text(flow(mode))).expect("a string takes any text");
            texts
        })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(texts(Mode::Differential), in_sync);
    in_sync
}

#[test]
fn act_about_nothing_fails() {
    insta::assert_snapshot!(same_in_every_mode(FAILING, |flow| mismatch(flow)), @"
    event
      expected  an event that a handler receives
      found     no handler subscribes to Reminded, so nothing can happen
                Add a handler to the domain, or remove the step

    event, settled
      expected  an event that a handler receives
      found     no handler subscribes to Reminded, so nothing can happen
                Add a handler to the domain, or remove the step

    event, reply
      expected  an event that a handler receives
      found     no handler subscribes to Reminded, so nothing can happen
                Add a handler to the domain, or remove the step

    event before another act
      expected  an event that a handler receives
      found     no handler subscribes to Reminded, so nothing can happen
                Add a handler to the domain, or remove the step

    event, paused
      expected  an event that a handler receives
      found     no handler subscribes to Reminded, so nothing can happen
                Add a handler to the domain, or remove the step

    redelivery
      expected  events of the last act that a handler receives, to be redelivered
      found     no handler subscribes to Reminded
                Redeliver other events, or remove the step

    last act without a then
      expected  a `then` step after the last act
      found     none; no step checks what this act does
                Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`

    last time without a then
      expected  a `then` step after the last act
      found     none; no step checks what this act does
                Add a `then` step. To expect only that the flow settles without problems, add `.then_settled()`
    ");
}

#[test]
fn act_in_which_nothing_happens_is_a_warning() {
    insta::assert_snapshot!(same_in_every_mode(WARNING, warnings), @"
    time without a schedule
    nothing was due while the time passed, and nothing was scheduled

    too little time, settled
    nothing was due while the time passed: ReleaseRoom for booking-b-1 is scheduled for 2026-01-04T00:00:00Z, so this expectation cannot fail here. Let more time pass, or expect what waits: `expect::scheduled::<..>()`

    engine
    the engine had nothing to do: it runs after every act, unless the harness is `.paused()`

    cycles
    the engine had nothing to do: it runs after every act, unless the harness is `.paused()`

    paused engine at the start
    the engine had nothing to do

    paused engine twice
    the engine had nothing to do
    ");
}

#[rstest]
fn act_with_an_effect_is_no_warning(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    for (name, flow) in PASSING {
        assert_eq!(warnings(flow(mode)), "", "{name}");
    }
}

#[test]
fn failed_expectation_comes_before_an_event_without_a_handler() {
    let flow = sign_ups()
        .when_event(reminded())
        .then(expect::scheduled::<crate::fixture::Remind>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Remind is scheduled
    found     no Remind was scheduled
    ");
}

//! An expectation that can never fail, in every mode or in the mode of the run.

use std::fmt::Write;

use flow_domain::port::Lane;
use flow_harness::{flow::Acted, prelude::*};
use rstest::rstest;

use crate::fixture::{
    SignedUp, book_room, mismatch, place_order, remind, rooms, shop, sign_ups, signed_up,
};

type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

#[rustfmt::skip]
const IN_EVERY_MODE: &[Case] = &[
    ("pending(0)", |mode| rooms().mode(mode).when(book_room()).then(expect::pending(0))),
    ("pending(0) in the outbox", |mode| rooms().mode(mode).when(book_room()).then(expect::pending(0).in_outbox())),
    ("pending(0) for a handler", |mode| rooms().mode(mode).when(book_room()).then(expect::pending(0).for_handler::<::booking::GuestMailer>())),
    ("chain of one name", |mode| rooms().mode(mode).when(book_room()).then(expect::chain(["BookRoom"]))),
    ("accepted_count(0) of one act", |mode| shop().mode(mode).given_command(place_order()).when(place_order()).then(expect::accepted_count(0))),
];

/// Returns the flow of a paused harness after its engine ran, which also runs in sync mode.
fn paused(mode: Mode) -> Flow<'static, Acted> {
    rooms()
        .paused()
        .mode(mode)
        .when(book_room())
        .when_engine_runs()
}

fn warnings(flow: Flow<'_, Acted>) -> String {
    let warnings = flow.run().warnings().into_iter();
    let texts: Vec<String> = warnings.map(|warning| warning.text).collect();

    texts.join("\n")
}

#[test]
fn expectation_that_fails_in_no_mode_fails_the_flow() {
    let texts = |mode| {
        IN_EVERY_MODE
            .iter()
            .fold(String::new(), |mut texts, (name, flow)| {
                writeln!(texts, "{name}\n{}\n", mismatch(flow(mode)))
                    .expect("a string takes any text");
                texts
            })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(texts(Mode::Differential), in_sync);
    insta::assert_snapshot!(in_sync, @"
    pending(0)
      expected  an expectation that can fail
      found     the engine runs after every act, and no flow may end with pending messages
                Remove the step, or call `.paused()` on the harness

    pending(0) in the outbox
      expected  an expectation that can fail
      found     the engine runs after every act, and no flow may end with pending messages
                Remove the step, or call `.paused()` on the harness

    pending(0) for a handler
      expected  an expectation that can fail
      found     the engine runs after every act, and no flow may end with pending messages
                Remove the step, or call `.paused()` on the harness

    chain of one name
      expected  the names of at least two messages, beginning with the last act
      found     fewer than two, so nothing is expected of what the act causes

    accepted_count(0) of one act
      expected  commands of a `.when_all(..)`
      found     one act
                Expect its result with `.then_accepted()` or `.then_rejected(..)`
    ");
}

#[test]
fn expectation_that_cannot_fail_in_sync_is_a_warning_there() {
    let flows = [
        sign_ups()
            .when(remind("ada"))
            .then(expect::dead_letters().none()),
        sign_ups()
            .when(remind("ada"))
            .then(expect::dead_letters().count(0)),
        sign_ups()
            .paused()
            .when(remind("ada"))
            .then(expect::pending(0)),
    ];

    insta::assert_snapshot!(flows.map(warnings).join("\n"), @"
    `Mode::Sync` stores no dead letters, so this expectation cannot fail here. Run the flow in `Mode::Engine`, too
    `Mode::Sync` stores no dead letters, so this expectation cannot fail here. Run the flow in `Mode::Engine`, too
    `Mode::Sync` has no engine, so no message is ever pending, so this expectation cannot fail here. Run the flow in `Mode::Engine`, too
    ");
}

/// A test over modes is right, so none of its runs warns.
#[rstest]
fn expectation_that_can_fail_in_another_mode_is_no_warning(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    let booked = || rooms().mode(mode).when(book_room());

    assert_eq!(warnings(booked().then(expect::dead_letters().none())), "");
    assert_eq!(warnings(paused(mode).then(expect::pending(0))), "");
}

#[rstest]
fn expectation_that_can_fail_passes(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    sign_ups()
        .mode(mode)
        .when_all([remind("ada"), remind("bob")])
        .then(expect::accepted_count(2))
        .when_event(signed_up(1))
        .then_accepted()
        .run();
}

#[test]
fn event_of_the_test_is_not_published_by_a_handler() {
    let flow = || sign_ups().mode(Mode::Engine).when_event(signed_up(1));
    let published = flow().then(expect::published::<SignedUp>());
    let on_lane = flow().then(expect::published_on::<SignedUp>(Lane::Primary));

    insta::assert_snapshot!(mismatch(published), @"
    expected  SignedUp is published
    found     no SignedUp was raised
    ");
    insta::assert_snapshot!(mismatch(on_lane), @"
    expected  SignedUp is published on the primary lane
    found     no SignedUp was raised
    ");
}

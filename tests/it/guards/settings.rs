//! A setting that can have no effect in any mode fails or warns. A setting of another mode does neither.

use std::{fmt::Write, time::Duration};

use ::booking::{InMemoryMailer, RoomBooked};
use ::shop::{Order, StockReceived};
use flow_domain::{Domain, WiringErrors, message::Priority, port::Lane};
use flow_harness::{Flow, Invariant, flow::Acted, prelude::*};

use crate::fixture::{
    Countdown, Counted, Instructed, book_room, counted, instructed, lab, mask_line_numbers,
    masked_panic_text, mismatch, place_order, rooms, shop, stock_received, unstable,
};

/// A domain with one handler of events, and with nothing that is stored.
fn counting() -> Result<Domain, WiringErrors> {
    Domain::builder("counting")
        .event_from_outside::<Counted>()
        .event_handler(Countdown)
        .build()
}

fn count(mode: Mode) -> Flow<'static, Acted> {
    FlowHarness::new(counting)
        .mode(mode)
        .when_event(counted(1))
        .then_settled()
}

const MINUTE: Duration = Duration::from_secs(60);

/// A setting without an effect, and the text with which the flow fails in this mode.
type Case = (&'static str, fn(Mode) -> String);

#[rustfmt::skip]
const FAILING: &[Case] = &[
    ("deadline of a command", |mode| mismatch(rooms().mode(mode).when(book_room()).with_deadline(MINUTE).then_accepted())),
    ("deadline of an event", |mode| mismatch(lab().mode(mode).when_event(counted(0)).with_deadline(MINUTE).then_settled())),
    ("deadline of a command that the engine handles at once", |mode| mismatch(rooms().mode(mode)
        .when_submitted(book_room()).with_deadline(MINUTE).then_handled_by::<::booking::BookingHandler>().then_settled())),
    ("deadline of a paused command while no time passes", |mode| mismatch(rooms().paused().mode(mode).when_submitted(book_room())
        .with_deadline(MINUTE).when_engine_runs().then_handled_by::<::booking::BookingHandler>().times(1))),
    ("fold", |mode| mismatch(count(mode).disable_invariant(Invariant::Fold, "known"))),
    ("silent change", |mode| mismatch(count(mode).disable_invariant(Invariant::SilentChange, "known"))),
    ("snapshot", |mode| mismatch(count(mode).disable_invariant(Invariant::Snapshot, "known"))),
    ("rebuild", |mode| mismatch(count(mode).disable_invariant(Invariant::Rebuild, "known"))),
    ("fold in the harness", |mode| mismatch(FlowHarness::new(counting).mode(mode)
        .disable_invariant(Invariant::Fold, "known").when_event(counted(0)).then_settled())),
    ("difference", |mode| mismatch(rooms().mode(mode).when(book_room()).then_accepted().allow_difference("Hotel"))),
    ("difference of an act", |mode| mismatch(rooms().mode(mode).when(book_room()).then_accepted().allow_difference("answer to act 2"))),
    ("unit: rebuild", |_| masked_panic_text(|| drop(unit::<Order>().given_aggregate(crate::fixture::draft()).disable_invariant(Invariant::Rebuild, "known")))),
    ("unit: fold", |_| masked_panic_text(|| drop(unit::<Order>().given_aggregate(crate::fixture::draft()).disable_invariant(Invariant::Fold, "known")))),
];

#[rustfmt::skip]
const WARNING: &[Case] = &[
    ("priority without lanes", |mode| warnings(&shop().mode(mode).given_events(stock_received(5))
        .when(place_order()).with_priority(Priority::LOW).then_accepted().run())),
    ("priority of the same lane", |mode| warnings(&rooms().mode(mode)
        .when(book_room()).with_priority(Priority::HIGH).then_accepted().run())),
    ("invariant that holds", |mode| warnings(&shop().mode(mode).when_event(stock_received(5)).then_projection::<::shop::StockLevel>("prod-1")
        .disable_invariant(Invariant::RoundTrip, "known").disable_invariant(Invariant::Fold, "known")
        .disable_invariant(Invariant::SilentChange, "known").disable_invariant(Invariant::Rebuild, "known").run())),
    ("fake that nobody uses", |mode| warnings(&rooms().resource(InMemoryMailer::default).mode(mode)
        .when(book_room()).then(expect::resource(|_: &InMemoryMailer| true).unchanged()).run())),
];

fn warnings(outcome: &Outcome) -> String {
    let warnings = outcome.warnings();
    let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    mask_line_numbers(&lines.join("\n"))
}

fn texts(cases: &[Case], mode: Mode) -> String {
    cases.iter().fold(String::new(), |mut texts, (name, text)| {
        writeln!(texts, "{name}\n{}\n", text(mode)).expect("a string takes any text");
        texts
    })
}

#[test]
fn setting_that_can_have_no_effect_fails() {
    let in_sync = texts(FAILING, Mode::Sync);

    pretty_assertions::assert_eq!(texts(FAILING, Mode::Engine), in_sync);
    insta::assert_snapshot!(in_sync, @"
    deadline of a command
      expected  an act whose deadline can pass
      found     a command that is handled at once
                Use `.when_submitted(..)`, or remove the deadline

    deadline of an event
      expected  an act whose deadline can pass
      found     an event, which never expires
                Remove the deadline

    deadline of a command that the engine handles at once
      expected  an act whose deadline can pass
      found     the engine runs right after the act, so the command is always in time
                Call `.paused()` on the harness and let time pass, or remove the deadline

    deadline of a paused command while no time passes
      expected  an act whose deadline can pass
      found     no time passes after the act, so the command is always in time
                Let time pass before the engine runs, or remove the deadline

    fold
      expected  an invariant that the domain can violate
      found     the invariant `fold`, which needs an event-sourced aggregate
                Remove `.disable_invariant(..)`

    silent change
      expected  an invariant that the domain can violate
      found     the invariant `silent change`, which needs an aggregate that is stored as state
                Remove `.disable_invariant(..)`

    snapshot
      expected  an invariant that the domain can violate
      found     the invariant `snapshot`, which needs an aggregate with snapshots
                Remove `.disable_invariant(..)`

    rebuild
      expected  an invariant that the domain can violate
      found     the invariant `rebuild`, which needs a projection
                Remove `.disable_invariant(..)`

    fold in the harness
      expected  an invariant that the domain can violate
      found     the invariant `fold`, which needs an event-sourced aggregate
                Remove `.disable_invariant(..)`

    difference
      expected  each allowed difference names a type, a `Type.field` or the title of a difference
      found     no match for `Hotel`: the domain stores no Hotel

    difference of an act
      expected  each allowed difference names a type, a `Type.field` or the title of a difference
      found     no match for `answer to act 2`

    unit: rebuild
    the test of Order cannot disable an invariant

      expected  an invariant that a unit test of Order can violate
      found     the invariant `rebuild`, which needs a projection
                Remove `.disable_invariant(..)`

    unit: fold
    the test of Order cannot disable an invariant

      expected  an invariant that a unit test of Order can violate
      found     the invariant `fold`, which needs an event-sourced aggregate
                Remove `.disable_invariant(..)`
    ");
}

#[test]
fn setting_that_may_be_meant_gives_a_warning() {
    let in_sync = texts(WARNING, Mode::Sync);

    pretty_assertions::assert_eq!(texts(WARNING, Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(texts(WARNING, Mode::Differential), in_sync);
    insta::assert_snapshot!(in_sync, @"
    priority without lanes
    tests/it/guards/settings.rs:LINE: the domain has no lanes, so the priority changes nothing unless a handler reads it: add `.lanes_below(..)` to the domain, or remove the priority

    priority of the same lane
    tests/it/guards/settings.rs:LINE: the priority is in the lane of the default priority, so it changes nothing unless a handler reads it

    invariant that holds
    tests/it/guards/settings.rs:LINE: the flow does not violate the invariant `round trip`: remove `.disable_invariant(..)`
    tests/it/guards/settings.rs:LINE: the flow does not violate the invariant `fold`: remove `.disable_invariant(..)`
    tests/it/guards/settings.rs:LINE: the flow does not violate the invariant `silent change`: remove `.disable_invariant(..)`
    tests/it/guards/settings.rs:LINE: the flow does not violate the invariant `rebuild`: remove `.disable_invariant(..)`

    fake that nobody uses
    the domain does not use the resource `booking::mail::InMemoryMailer`, so nothing can happen to it: take it with `.get::<..>()` in the function that builds the domain, or remove `.resource(..)`
    ");
}

/// The same test runs in every mode, so it has the settings of all of them.
#[test]
fn setting_of_another_mode_is_legal() {
    for mode in [Mode::Sync, Mode::Engine, Mode::Differential] {
        let allowed = unstable()
            .mode(mode)
            .when_event(instructed("the same in both modes"))
            .then_settled()
            .allow_difference("Reading.values");
        let paused = rooms()
            .mode(mode)
            .paused()
            .when_submitted(book_room())
            .with_deadline(MINUTE)
            .when_time_passes(MINUTE / 2)
            .when_engine_runs()
            .then_handled_by::<::booking::BookingHandler>()
            .times(1);

        drop((allowed.run(), paused.run()));
    }
}

#[test]
fn allowed_difference_that_is_not_needed_gives_a_warning() {
    let outcome = rooms()
        .mode(Mode::Differential)
        .when(book_room())
        .then_accepted()
        .allow_difference("Room")
        .run();

    insta::assert_snapshot!(warnings(&outcome), @r#"the modes do not differ in what `.allow_difference("Room")` allows: remove the call"#);
}

/// Another mode may store this event.
#[test]
fn allowed_stream_without_events_is_a_warning() {
    let flow = rooms()
        .mode(Mode::Sync)
        .when(book_room())
        .then_accepted()
        .allow_difference("events of typo-1");

    insta::assert_snapshot!(warnings(&flow.run()), @"no match for `events of typo-1`");
}

/// Another mode may store a state with this field.
#[test]
fn allowed_field_that_no_state_has_is_a_warning() {
    let flow = |mode| {
        rooms()
            .mode(mode)
            .when(book_room())
            .then_accepted()
            .allow_difference("Room.statuss")
    };

    for mode in [Mode::Sync, Mode::Engine] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(warnings(&flow(mode).run()), @"Room has no field `statuss`; did you mean `status`?");
        }
    }
    insta::assert_snapshot!(mismatch(flow(Mode::Differential)), @"
    expected  each allowed difference names a type, a `Type.field` or the title of a difference
    found     Room has no field `statuss`; did you mean `status`?
    ");
}

#[test]
fn priority_that_changes_the_lane_gives_no_warning() {
    let outcome = rooms()
        .when(book_room())
        .with_priority(Priority::BACKFILL)
        .then(expect::published_on::<RoomBooked>(Lane::Backfill))
        .run();

    assert_eq!(warnings(&outcome), "");
}

/// A warning of the wiring is in each run, and the report of a failure has it, too.
#[test]
fn wiring_warning_is_a_warning_of_the_run() {
    fn deaf() -> Result<Domain, WiringErrors> {
        Domain::builder("deaf")
            .event_from_outside::<Counted>()
            .event_from_outside::<Instructed>()
            .event_from_outside::<StockReceived>()
            .event_handler(Countdown)
            .build()
    }

    for mode in [Mode::Sync, Mode::Engine, Mode::Differential] {
        let harness = FlowHarness::new(deaf).mode(mode);
        let passed = harness.when_event(counted(0)).then_settled().run();
        let failed = harness
            .when_event(counted(0))
            .then(expect::event(counted(7)))
            .try_run()
            .expect_err("nothing is counted");

        let warnings = warnings(&passed);
        insta::allow_duplicates! { insta::assert_snapshot!(warnings, @r#"
        domain: no handler is subscribed to the event `Instructed`, which comes from outside. If this is known, say why: `.acknowledge(WarningSelector::unhandled_event::<..>(), "..")`
        domain: no handler is subscribed to the event `StockReceived`, which comes from outside. If this is known, say why: `.acknowledge(WarningSelector::unhandled_event::<..>(), "..")`
        "#) };
        for line in warnings.lines() {
            assert!(failed.to_string().contains(&line[..60]), "{failed}");
        }
    }
}

/// A function that captures a value may build another domain each time.
#[test]
fn wiring_is_checked_for_each_captured_value() {
    let harness = |is_deaf: bool| {
        FlowHarness::new(move || {
            let builder = Domain::builder("deaf")
                .event_from_outside::<Counted>()
                .event_handler(Countdown);
            if is_deaf {
                builder.event_from_outside::<Instructed>().build()
            } else {
                builder.build()
            }
        })
    };

    let n_warnings = [true, false, true].map(|is_deaf| {
        let flow = harness(is_deaf).when_event(counted(0)).then_settled();
        flow.run().warnings().len()
    });
    assert_eq!(n_warnings, [1, 0, 1]);
}

//! Messages that cause themselves: the delivery budget ends them, with the same text in every mode.

use std::time::Duration;

use flow_domain::Command;
use flow_harness::{Flow, fault::StepFault, flow::Acted, prelude::*};

use crate::{
    fixture::{book_room, failure, mismatch, rooms},
    hangs::wheel::{again, later, left, nested, requested, ring, shone, wheels},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Returns what both modes say about a flow with a budget of 100 deliveries.
#[track_caller]
fn stall<'t>(flow: impl Fn(FlowHarness) -> Flow<'t, Acted>) -> String {
    let text = |mode| {
        let harness = FlowHarness::new(wheels).mode(mode).budget(100);
        mismatch(flow(harness).then_settled())
    };

    let [inline, engine] = [Mode::Sync, Mode::Engine].map(text);
    assert_eq!(inline, engine, "the modes differ");
    inline
}

fn day_after<C: Command>(harness: &FlowHarness, command: C) -> Flow<'static, Acted> {
    harness.when(command).when_time_passes(DAY)
}

#[test]
fn command_that_submits_itself_stalls() {
    insta::assert_snapshot!(stall(|wheels| wheels.when(again())), @"
    expected  the flow settles
    found     the flow did not settle within 100 deliveries
              busy     WheelHandler, called 100 times
              cycle    Again -> WheelHandler -> Again, repeated 100 times
              pending  WheelHandler on Again
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn events_of_two_streams_that_cause_each_other_stall() {
    insta::assert_snapshot!(stall(|wheels| wheels.when_event(shone())), @"
    expected  the flow settles
    found     the flow did not settle within 100 deliveries
              busy     Lamp, called 50 times
              busy     Mirror, called 50 times
              cycle    Shone -> Mirror -> Reflected -> Lamp -> Shone, repeated 50 times
              pending  Mirror on Shone
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn timer_that_repeats_stalls() {
    for milliseconds in [0, 1, 60_000] {
        let delay = Duration::from_millis(milliseconds);
        let act = |wheels: FlowHarness| match milliseconds {
            0 => wheels.when(later(delay)),
            _ => day_after(&wheels, later(delay)),
        };

        insta::allow_duplicates! {
            insta::assert_snapshot!(stall(act), @"
            expected  the flow settles
            found     the flow did not settle within 100 deliveries
                      busy     WheelHandler, called 100 times
                      cycle    Later -> WheelHandler -> Later, repeated 100 times
                      pending  WheelHandler on Later
                      fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
            ");
        }
    }
}

#[test]
fn timers_that_cause_each_other_stall() {
    insta::assert_snapshot!(stall(|wheels| day_after(&wheels, left())), @"
    expected  the flow settles
    found     the flow did not settle within 100 deliveries
              busy     WheelHandler, called 100 times
              cycle    Right -> WheelHandler -> Left -> WheelHandler -> Right, repeated 50 times
              pending  WheelHandler on Right
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn process_manager_that_repeats_stalls() {
    insta::assert_snapshot!(stall(|wheels| day_after(&wheels, ring())), @"
    expected  the flow settles
    found     the flow did not settle within 100 deliveries
              busy     AlarmClock, called 50 times
              busy     WheelHandler, called 50 times
              cycle    Ring -> WheelHandler -> Rang -> AlarmClock -> Ring, repeated 50 times
              pending  WheelHandler on Ring
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn given_command_that_submits_itself_stalls() {
    insta::assert_snapshot!(stall(|wheels| wheels.given_command(again()).when(ring())), @"
    expected  the given step runs without problems
    found     the flow did not settle within 100 deliveries
              busy     WheelHandler, called 100 times
              cycle    Again -> WheelHandler -> Again, repeated 100 times
              pending  WheelHandler on Again
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn retry_without_an_end_stalls() {
    let wheels = FlowHarness::new(wheels).mode(Mode::Engine).budget(100);

    insta::assert_snapshot!(mismatch(wheels.when_event(requested()).then_settled()), @"
    expected  the flow settles
    found     the flow did not settle within 100 deliveries
              busy     Stubborn, called 100 times
              cycle    Requested -> Stubborn -> Requested, repeated 100 times
              pending  Stubborn on Requested
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn command_that_processes_itself_fails() {
    for mode in [Mode::Sync, Mode::Engine] {
        let wheels = FlowHarness::new(wheels).mode(mode);
        let text = mismatch(wheels.when(nested()).then_settled());

        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @"
            expected  the flow settles without problems
            found     Nested failed: WheelHandler processes Nested inside 100 other commands, so it probably never ends: end the cycle, or use `submit`, which counts against the budget
            ");
        }
    }
}

#[test]
fn every_kind_of_run_keeps_the_budget() {
    let wheels = || FlowHarness::new(wheels).mode(Mode::Engine).budget(100);
    let runs = [
        wheels().check_determinism().when(again()).then_settled(),
        wheels()
            .mode(Mode::Differential)
            .when(again())
            .then_settled(),
        wheels()
            .when(again())
            .then_settled()
            .fault_at_every_step(StepFault::Crashes),
        wheels()
            .when_event(shone())
            .when_redelivered(1)
            .then_settled(),
        wheels()
            .paused()
            .when(again())
            .when_engine_cycles(1_000)
            .then_settled(),
        wheels()
            .paused()
            .when(again())
            .when_engine_runs()
            .then_settled(),
    ];

    for run in runs {
        let text = mismatch(run);
        assert!(
            text.contains("did not settle within 100 deliveries"),
            "{text}"
        );
    }
}

#[test]
fn redeliveries_keep_to_the_budget() {
    for mode in [Mode::Sync, Mode::Engine] {
        let booked = || rooms().mode(mode).budget(50).when(book_room());
        booked().when_redelivered(5).then_no_events().run();

        let flow = booked().when_redelivered(u32::MAX).then_no_events();
        insta::allow_duplicates! {
            insta::assert_snapshot!(mismatch(flow), @"
            expected  at most 50 redeliveries
            found     4294967295 redeliveries
                      Redeliver fewer times, or allow more with `.budget(..)`
            ");
        }
    }
}

#[test]
fn page_about_hangs_shows_a_stall() {
    let page = include_str!("../../../src/docs/hangs.md");
    let failure = failure(
        FlowHarness::new(wheels)
            .budget(100)
            .when(again())
            .then_settled(),
    );

    let stall = &failure.mismatch().found;
    assert!(page.contains(&format!("```text\n{stall}\n```")), "{stall}");
}

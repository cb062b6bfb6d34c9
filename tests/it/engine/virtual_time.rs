//! When the clock moves, and what the story and the record say about it.

use std::time::Duration;

use flow_domain::{clock::VirtualClock, record::EntryKind};
use flow_harness::{
    fault::{Fault, StepFault},
    prelude::*,
};
use rstest::rstest;

use crate::fixture::{
    Counter, Greeter, LabError, Remind, Reminder, careless_sign_ups, reminded, report, sign_ups,
    signed_up,
};

/// Shorter and longer than the lease of a message, which is two minutes.
const TERMS: [u64; 5] = [1, 60, 119, 121, 600];

/// Returns the moves of the clock and the calls of handlers, each with the seconds since the start.
fn timeline(outcome: &Outcome) -> String {
    let lines = outcome.record().entries().iter().filter_map(|entry| {
        let time = entry.time.since(VirtualClock::START).as_secs();
        match &entry.kind {
            EntryKind::ClockAdvanced { reason, .. } => {
                Some(format!("{time:>3} s  clock: {reason}"))
            }
            EntryKind::HandlerStarted {
                handler, attempt, ..
            } => Some(format!("{time:>3} s  {handler} #{attempt}")),
            _ => None,
        }
    });

    lines.collect::<Vec<String>>().join("\n")
}

#[rstest]
fn fault_at_every_step_fires_no_schedule(
    #[values(StepFault::Conflicts, StepFault::Crashes, StepFault::Restarts)] fault: StepFault,
) {
    for term_secs in TERMS {
        sign_ups()
            .mode(Mode::Engine)
            .when_event(signed_up(term_secs))
            .then(expect::scheduled::<Remind>())
            .when_time_passes(Duration::from_secs(term_secs))
            .then_events(reminded())
            .fault_at_every_step(fault)
            .run();
    }
}

#[test]
fn crash_finds_a_careless_process_whatever_its_term() {
    for term_secs in TERMS {
        let failure = careless_sign_ups()
            .mode(Mode::Engine)
            .when_event(signed_up(term_secs))
            .when_time_passes(Duration::from_secs(term_secs))
            .then_events(reminded())
            .fault_at_every_step(StepFault::Crashes)
            .try_run()
            .expect_err("the user is reminded twice");

        insta::allow_duplicates! {
            insta::assert_snapshot!(failure.mismatch(), @r#"
            expected  Reminded
            found     Reminded, Reminded
                      as expected  Reminded
                      unexpected   Reminded { user: "ada" }
            "#);
        }
    }
}

#[rstest]
fn number_of_schedules_finds_a_careless_process(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let reminders = |harness: FlowHarness, n| {
        harness
            .mode(mode)
            .when_event(signed_up(60))
            .when_redelivered(1)
            .then(expect::scheduled::<Remind>())
            .then(expect::scheduled_times::<Remind>(n))
    };
    reminders(sign_ups(), 1).run();
    reminders(careless_sign_ups(), 2).run();

    let failure = reminders(careless_sign_ups(), 1).try_run().unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(failure.mismatch(), @"
        expected  Remind is scheduled 1 time
        found     Remind for mailbox-ada is scheduled for 2026-01-01T00:01:00Z
                  Remind for mailbox-ada is scheduled for 2026-01-01T00:01:00Z
        ");
    }
}

#[test]
fn number_of_schedules_is_told_when_there_is_none() {
    let failure = sign_ups()
        .when_event(signed_up(60))
        .when_time_passes(Duration::from_secs(60))
        .then(expect::scheduled_times::<Remind>(2))
        .try_run()
        .unwrap_err();

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  Remind is scheduled 2 times
    found     Remind for mailbox-ada was delivered at 2026-01-01T00:01:00Z
    ");
}

#[rstest]
fn crash_moves_no_time(#[values(1, 2, 3)] n_crashes: u8) {
    let outcome = sign_ups()
        .mode(Mode::Engine)
        .with_fault(
            Fault::crash_after::<Greeter>()
                .commits()
                .times(n_crashes.into()),
        )
        .when_event(signed_up(60))
        .then(expect::attempts::<Greeter>(usize::from(n_crashes) + 1))
        .then(expect::scheduled::<Remind>())
        .run();

    let moves = timeline(&outcome);
    assert!(!moves.contains("clock"), "{moves}");
}

#[test]
fn crash_while_time_passes_comes_before_later_schedules() {
    let outcome = sign_ups()
        .mode(Mode::Engine)
        .with_fault(Fault::crash_after::<Greeter>().commits())
        .given_events(signed_up(30))
        .when_event(signed_up(60))
        .when_time_passes(Duration::from_secs(60))
        .then_events((reminded(), reminded()))
        .run();

    insta::assert_snapshot!(timeline(&outcome), @"
     0 s  Reminder #1
     0 s  Greeter #1
     0 s  Greeter #2
     0 s  Counter #1
     0 s  Reminder #1
     0 s  Greeter #1
     0 s  Counter #1
    30 s  clock: the test let time pass
    30 s  MailboxHandler #1
    60 s  clock: the test let time pass
    60 s  MailboxHandler #1
    ");
}

#[test]
fn retries_and_schedules_happen_in_order_of_due_time() {
    let outcome = sign_ups()
        .mode(Mode::Engine)
        .with_fault(
            Fault::handler::<Greeter>()
                .fails(LabError("fog"))
                .on_attempts(1..=3),
        )
        .when_event(signed_up(90))
        .then_events(reminded())
        .then(expect::attempts::<Greeter>(4))
        .run();

    insta::assert_snapshot!(timeline(&outcome), @"
      0 s  Reminder #1
      0 s  Greeter #1
      0 s  Counter #1
     60 s  clock: only waiting attempts were left
     60 s  Greeter #2
     90 s  clock: only waiting attempts were left
     90 s  MailboxHandler #1
    120 s  clock: only waiting attempts were left
    120 s  Greeter #3
    180 s  clock: only waiting attempts were left
    180 s  Greeter #4
    ");
    insta::assert_snapshot!(outcome.story(), @r#"
    1 fault  Greeter fails: there was fog, on attempts 1 to 3
    2 when   SignedUp { user: "ada", term_secs: 90 }           accepted
             clock +3m to 2026-01-01T00:03:00Z: only waiting attempts were left; Remind fell due on the way
    3 then   events Reminded                                   ok
    4 then   Greeter tries 4 times                             ok
    "#);
}

#[test]
fn time_after_the_step_is_told() {
    let outcome = sign_ups()
        .mode(Mode::Engine)
        .with_fault(
            Fault::handler::<Greeter>()
                .fails(LabError("fog"))
                .on_attempts(1..=1),
        )
        .given_events(signed_up(90))
        .when_time_passes(Duration::from_secs(3600))
        .then_events(reminded())
        .when_time_reaches(VirtualClock::START + Duration::from_secs(7200))
        .then_settled()
        .run();

    insta::assert_snapshot!(outcome.story(), @r#"
    1 fault  Greeter fails: there was fog, on attempt 1
    2 given  SignedUp { user: "ada", term_secs: 90 }
             clock +1m to 2026-01-01T00:01:00Z: only waiting attempts were left
    3 when   time passes: 1h                             now 2026-01-01T01:01:00Z
    4 then   events Reminded                             ok
    5 when   the time reaches 2026-01-01T02:00:00Z       now 2026-01-01T02:00:00Z
    6 then   settled                                     ok
    "#);
}

/// Returns the lines of the story that say how the clock moved.
fn clock_lines(fault: Fault) -> String {
    let outcome = sign_ups()
        .mode(Mode::Engine)
        .with_fault(fault)
        .when_event(signed_up(86_400))
        .then_settled()
        .run();

    let story = outcome.story();
    let lines = story.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("clock"))
        .collect::<Vec<&str>>()
        .join("\n")
}

#[test]
fn every_wait_is_told() {
    let fog = || LabError("fog");

    insta::assert_snapshot!(clock_lines(Fault::handler::<Greeter>().fails(fog())), @"clock +1m to 2026-01-01T00:01:00Z: only waiting attempts were left");
    insta::assert_snapshot!(clock_lines(Fault::handler::<Counter>().fails(fog())), @"clock +10m to 2026-01-01T00:10:00Z: only waiting attempts were left");
    insta::assert_snapshot!(clock_lines(Fault::handler::<Reminder>().panics("fog")), @"clock +959ms to 2026-01-01T00:00:00.959000000Z: only waiting attempts were left");
    insta::assert_snapshot!(clock_lines(Fault::publish().fails()), @"clock +1s to 2026-01-01T00:00:01Z: only waiting attempts were left");
    insta::assert_snapshot!(clock_lines(Fault::crash_after::<Greeter>().commits()), @"");
    insta::assert_snapshot!(clock_lines(Fault::restart_after(1)), @"");
}

#[test]
fn report_tells_how_far_the_clock_moved() {
    let flow = sign_ups()
        .mode(Mode::Engine)
        .with_fault(
            Fault::handler::<Greeter>()
                .fails(LabError("fog"))
                .on_attempts(1..=2),
        )
        .when_event(signed_up(90))
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then no events      tests/it/engine/virtual_time.rs:LINE

      expected  nothing
      found     Reminded
                unexpected   Reminded { user: "ada" }

    why    MailboxHandler handled Remind and raised Reminded

    story   1 fault  Greeter fails: there was fog, on attempts 1 to 2
            2 when   SignedUp { user: "ada", term_secs: 90 }           accepted
                     clock +2m to 2026-01-01T00:02:00Z: only waiting attempts were left; Remind fell due on the way
            3 then   no events                                         FAILED

    chain  SignedUp                            sign_up-ada @1
           ├ Reminder                          stored Reminder "ada"
           │ └ Remind                          MailboxHandler  stored Mailbox "ada"   <- here
           │   └ Reminded                      mailbox-ada @1
           ├ Greeter                           handled, stored nothing (attempt 3)
           └ Counter                           handled, stored nothing

    end    nothing pending · no handlers failed · 1 delivery retried · no dead letters
    "#);
}

//! Outcome, cause, story and summary count the same problems, in both modes.

use std::time::Duration;

use flow_harness::{
    Flow,
    flow::AfterAct,
    outcome::{Problem, ProblemKind},
    prelude::*,
};
use rstest::rstest;

use crate::fixture::{
    Greeter, LabError, MailboxHandler, NoMailbox, Remind, SignedUp, failure, instructed, lab,
    remind, reminded, report, sign_ups, signed_up,
};

const TERM: Duration = Duration::from_secs(60);

fn nobody_signed_up() -> SignedUp {
    SignedUp {
        user: "nobody".into(),
        ..signed_up(TERM.as_secs())
    }
}

/// Returns the report of a flow in sync mode, after a check that engine mode has the same one.
///
/// Only an engine has dead letters to count.
#[track_caller]
fn report_in_both_modes<S: AfterAct>(flow: impl Fn(FlowHarness) -> Flow<'static, S>) -> String {
    let [inline, engine] =
        [Mode::Sync, Mode::Engine].map(|mode| report(flow(sign_ups().mode(mode))));

    assert_eq!(engine.replace(" · no dead letters", ""), inline);
    inline
}

#[test]
fn rejected_scheduled_command_counts_as_a_rejection() {
    let text = report_in_both_modes(|harness| {
        harness
            .when_event(nobody_signed_up())
            .when_time_passes(TERM)
            .then_handled_by::<MailboxHandler>()
    });

    insta::assert_snapshot!(text, @r#"
    flow failed at step 3: then handled by MailboxHandler      tests/it/failure_reports/problem_count.rs:LINE

      expected  MailboxHandler handles at least 1 message
      found     it handled nothing
                rejected 1 message: the user has no mailbox

    story   1 when   SignedUp { user: "nobody", term_secs: 60 }  accepted
            2 when   time passes: 1m                             now 2026-01-01T00:01:00Z, a command was rejected
            3 then   handled by MailboxHandler                   FAILED

    chain  SignedUp                            sign_up-nobody @1
           ├ Reminder                          stored Reminder "nobody"
           │ └ Remind                          MailboxHandler  REJECTED: the user has no mailbox   <- here
           ├ Greeter                           handled, stored nothing
           └ Counter                           handled, stored nothing

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn uncovered_later_rejection_is_reported_with_its_step() {
    let text = report_in_both_modes(|harness| {
        harness
            .when_event(nobody_signed_up())
            .when_time_passes(TERM)
            .then(expect::not_scheduled::<Remind>())
    });

    insta::assert_snapshot!(text, @r#"
    flow failed at step 2: when time passes: 1m      tests/it/failure_reports/problem_count.rs:LINE

      expected  no problem, or a `then` that covers it
      found     MailboxHandler rejected Remind: the user has no mailbox
                If the test expects this, add `.then(expect::handler_failed::<MailboxHandler>(..))`

    story   1 when   SignedUp { user: "nobody", term_secs: 60 }  accepted
            2 when   time passes: 1m                             now 2026-01-01T00:01:00Z, a command was rejected
            3 then   Remind is not scheduled                     ok

    chain  SignedUp                            sign_up-nobody @1
           ├ Reminder                          stored Reminder "nobody"
           │ └ Remind                          MailboxHandler  REJECTED: the user has no mailbox   <- here
           ├ Greeter                           handled, stored nothing
           └ Counter                           handled, stored nothing

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn rejected_submitted_command_counts_as_a_rejection() {
    let text =
        report_in_both_modes(|harness| harness.when_submitted(remind("nobody")).then_settled());

    insta::assert_snapshot!(text, @r#"
    flow failed at step 2: then settled      tests/it/failure_reports/problem_count.rs:LINE

      expected  the flow settles without problems
      found     MailboxHandler rejected Remind: the user has no mailbox

    story   1 when   Remind { user: "nobody" }  submitted, but a command was rejected
            2 then   settled                    FAILED

    chain  Remind                              MailboxHandler  REJECTED: the user has no mailbox   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn command_that_is_rejected_at_once_counts_as_a_rejection() {
    let text = report_in_both_modes(|harness| harness.when(remind("nobody")).then_settled());

    insta::assert_snapshot!(text, @r#"
    flow failed at step 2: then settled      tests/it/failure_reports/problem_count.rs:LINE

      expected  the flow settles without problems
      found     Remind was rejected: the user has no mailbox

    story   1 when   Remind { user: "nobody" }  REJECTED: the user has no mailbox
            2 then   settled                    FAILED

    chain  Remind                              MailboxHandler  REJECTED: the user has no mailbox   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn rejection_in_a_given_step_counts_as_a_rejection() {
    let text = report_in_both_modes(|harness| {
        let event = SignedUp {
            term_secs: 0,
            ..nobody_signed_up()
        };
        harness
            .given_events(event)
            .when(remind("ada"))
            .then_settled()
    });

    insta::assert_snapshot!(text, @r#"
    flow failed at step 1: given SignedUp { user: "nobody", term_secs: 0 }      tests/it/failure_reports/problem_count.rs:LINE

      expected  the given step runs without problems
      found     MailboxHandler rejected Remind: the user has no mailbox

      2 later steps were skipped

    story   1 given  SignedUp { user: "nobody", term_secs: 0 }  FAILED
            2 when   Remind { user: "ada" }                     skipped
            3 then   settled                                    skipped

    chain  SignedUp                            sign_up-nobody @1
           ├ Reminder                          stored Reminder "nobody"
           │ └ Remind                          MailboxHandler  REJECTED: the user has no mailbox   <- here
           ├ Greeter                           handled, stored nothing
           └ Counter                           handled, stored nothing

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn differential_mode_shows_a_later_rejection_as_one() {
    sign_ups()
        .mode(Mode::Differential)
        .when_event(nobody_signed_up())
        .when_time_passes(TERM)
        .then(expect::handler_failed::<MailboxHandler>(NoMailbox))
        .run();
}

/// Covers the problems of one kind.
struct Covers(ProblemKind);

impl Expectation for Covers {
    fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
        Ok(())
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        problem.kind == self.0
    }
}

#[rstest]
fn kind_of_a_problem_says_who_rejected(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let harness = || sign_ups().mode(mode);

    harness()
        .when(remind("nobody"))
        .then(Covers(ProblemKind::Rejection))
        .run();
    harness()
        .when_submitted(remind("nobody"))
        .then(Covers(ProblemKind::LaterRejection))
        .run();
    harness()
        .when_event(nobody_signed_up())
        .when_time_passes(TERM)
        .then(Covers(ProblemKind::LaterRejection))
        .run();
    lab()
        .mode(mode)
        .when_event(instructed("refuse"))
        .then(Covers(ProblemKind::HandlerFailure))
        .run();
}

/// Returns the last line of the report, without dead letters.
#[track_caller]
fn end_line<S: AfterAct>(flow: Flow<'static, S>) -> String {
    let text = failure(flow).to_string();
    let end = text.lines().find(|line| line.starts_with("end"));
    end.expect("each run has an end").to_owned()
}

#[test]
fn end_line_counts_each_kind_of_problem() {
    let never = || expect::events(reminded());
    let engine = |harness: FlowHarness| harness.mode(Mode::Engine);

    insta::assert_snapshot!(end_line(sign_ups().when(remind("nobody")).then(never())), @"end    nothing pending · no handlers failed · 1 command rejected");
    insta::assert_snapshot!(end_line(sign_ups().when_submitted(remind("nobody")).then(never())), @"end    nothing pending · no handlers failed · 1 command rejected");
    insta::assert_snapshot!(end_line(lab().when_event(instructed("refuse")).then_settled()), @"end    nothing pending · 1 handler failed");
    insta::assert_snapshot!(end_line(lab().when_event(instructed("fail, then panic")).then_settled()), @"end    nothing pending · 2 handlers failed");
    insta::assert_snapshot!(end_line(engine(lab()).when_event(instructed("fail")).then_settled()), @"end    nothing pending · 1 handler failed · 1 dead letter");

    let retried = engine(sign_ups())
        .with_fault(Fault::handler::<Greeter>().fails(LabError("fog")))
        .when_event(signed_up(3600))
        .then(never());
    insta::assert_snapshot!(end_line(retried), @"end    nothing pending · no handlers failed · 1 delivery retried · no dead letters · 1 scheduled (Remind)");
    let stopped = engine(sign_ups())
        .paused()
        .with_fault(Fault::handler::<Greeter>().fails(LabError("fog")))
        .when_event(signed_up(60))
        .when_engine_cycles(1)
        .then_settled();
    insta::assert_snapshot!(end_line(stopped), @"end    1 pending · no handlers failed · 1 delivery retried · no dead letters · 1 scheduled (Remind)");
}

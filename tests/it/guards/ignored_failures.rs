//! A nested command that fails is a problem, although the handler that sent it goes on.

use std::{fmt::Write, future, time::Duration};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, UnitOfWork, WarningSelector,
    WiringErrors, error::FailureOrigin,
};
use flow_harness::{Flow, flow::Acted, outcome::ProblemKind, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::{LabError, mask_line_numbers, mismatch};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = card_id, commands(Charge, Refund, Pass))]
struct Card {
    card_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Charges a card, as the text says: it may `fail`, `panic`, `hang` or be `refused`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = card_id)]
struct Charge {
    card_id: String,
    how: String,
}

/// A command without a handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = card_id)]
struct Refund {
    card_id: String,
}

/// Passes a charge on, and goes on whatever happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = card_id)]
struct Pass {
    card_id: String,
    how: String,
}

#[derive(Debug)]
struct CardHandler;

impl CommandHandler for CardHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::charge);
    }
}

impl CardHandler {
    async fn charge(&self, command: Charge, work: &mut UnitOfWork) -> Result<(), Error> {
        match command.how.as_str() {
            "fail" => return Err(Error::failed("charging", LabError("no line"))),
            "refuse" => return Err(LabError("no money").into()),
            "hang" => future::pending().await,
            "panic" => panic!("the reader broke"),
            _ => {}
        }

        work.add(Card {
            card_id: command.card_id,
            ..Card::default()
        })
    }
}

#[derive(Debug)]
struct PassHandler;

impl CommandHandler for PassHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::pass);
    }
}

impl PassHandler {
    async fn pass(&self, command: Pass, work: &mut UnitOfWork) -> Result<(), Error> {
        try_charge(work, &command.card_id, &command.how).await
    }
}

/// Sends a command as `how` says.
async fn try_charge(work: &mut UnitOfWork, card_id: &str, how: &str) -> Result<(), Error> {
    let (card_id, how) = (card_id.to_owned(), how.to_owned());
    match how.as_str() {
        "refund" => drop(work.process(Refund { card_id }).await),
        "pass, then fail" => {
            let how = "fail".to_owned();
            work.process(Pass { card_id, how }).await?;
        }
        "fail, then refuse" => {
            let how = "fail".to_owned();
            let failed = work.process(Charge { card_id, how }).await;
            failed.map_err(|_failure| LabError("doubt"))?;
        }
        "propagate" => {
            let how = "fail".to_owned();
            work.process(Charge { card_id, how }).await?;
        }
        _ => {
            let charge = work.process(Charge { card_id, how });
            drop(tokio::time::timeout(Duration::from_secs(1), charge).await);
        }
    }

    Ok(())
}

/// Comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "till", id = card_id)]
struct CardShown {
    card_id: String,
    how: String,
}

#[derive(Debug)]
struct Till;

impl EventHandler for Till {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_card_shown);
    }
}

impl Till {
    async fn on_card_shown(&self, event: CardShown, work: &mut UnitOfWork) -> Result<(), Error> {
        try_charge(work, &event.card_id, &event.how).await
    }
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Checkout {}

impl ProcessManager for Checkout {
    const KEY: &'static str = "card_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_card_shown);
    }
}

impl Checkout {
    async fn on_card_shown(
        &mut self,
        event: CardShown,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        try_charge(work, &event.card_id, &event.how).await
    }
}

fn builder() -> flow_domain::wiring::DomainBuilder {
    Domain::builder("till")
        .aggregate::<Card>()
        .event_from_outside::<CardShown>()
        .command_handler(CardHandler)
        .command_handler(PassHandler)
        .acknowledge(
            WarningSelector::unhandled_command::<Refund>(),
            "it shall fail",
        )
}

fn till() -> Result<Domain, WiringErrors> {
    builder().event_handler(Till).build()
}

fn checkout() -> Result<Domain, WiringErrors> {
    builder().process_manager::<Checkout>().build()
}

fn shown(how: &str) -> CardShown {
    CardShown {
        card_id: "c-1".into(),
        how: how.into(),
    }
}

fn pass(mode: Mode, how: &str) -> Flow<'static, Acted> {
    let command = Pass {
        card_id: "c-1".into(),
        how: how.into(),
    };
    FlowHarness::new(till).mode(mode).when(command)
}

/// A sender of a nested command, and the flow in which it ignores that the command fails.
type Case = (&'static str, fn(Mode) -> Flow<'static, Acted>);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("command handler", |mode| pass(mode, "fail").then_accepted()),
    ("event handler", |mode| FlowHarness::new(till).mode(mode).when_event(shown("fail")).then_settled()),
    ("process manager", |mode| FlowHarness::new(checkout).mode(mode).when_event(shown("fail")).then_settled()),
    ("submitted command", |mode| FlowHarness::new(till).mode(mode).when_submitted(Pass { card_id: "c-1".into(), how: "fail".into() }).then_settled()),
    ("given command", |mode| FlowHarness::new(till).mode(mode).given_command(Pass { card_id: "c-1".into(), how: "fail".into() }).when_event(shown("charge")).then_settled()),
    ("concurrent commands", |mode| FlowHarness::new(till).mode(mode).when_all([Pass { card_id: "c-1".into(), how: "fail".into() }, Pass { card_id: "c-2".into(), how: "charge".into() }]).then(expect::accepted_count(2))),
    ("panic", |mode| pass(mode, "panic").then_accepted()),
    ("time limit", |mode| pass(mode, "hang").then_accepted()),
    ("no handler", |mode| pass(mode, "refund").then_accepted()),
    ("two levels", |mode| pass(mode, "pass, then fail").then_accepted()),
    ("turned into a rejection", |mode| pass(mode, "fail, then refuse").then_rejected(LabError("doubt"))),
];

#[test]
fn ignored_failure_of_a_nested_command_fails() {
    let texts = |mode| {
        CASES.iter().fold(String::new(), |mut texts, (name, flow)| {
            writeln!(texts, "{name}\n{}\n", mismatch(flow(mode))).expect("a string takes any text");
            texts
        })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    insta::assert_snapshot!(in_sync, @r#"
    command handler
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`

    event handler
      expected  the flow settles without problems
      found     CardHandler failed on Charge: charging failed: there was no line
                Till sent the command, and went on after the failure

    process manager
      expected  the flow settles without problems
      found     CardHandler failed on Charge: charging failed: there was no line
                Checkout sent the command, and went on after the failure

    submitted command
      expected  the flow settles without problems
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure

    given command
      expected  the given step runs without problems
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure

    concurrent commands
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`

    panic
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: panicked at tests/it/guards/ignored_failures.rs:LINE: the reader broke
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed_with_message::<CardHandler>(".."))`

    time limit
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: the call was dropped before the handler finished
                PassHandler sent the command, and went on after the failure
                look for a lock that is taken twice, or a channel that nobody uses: such a wait never ends
                tokio's clock measures a time limit. If it is paused, as under `.run()`, timers fire as soon as every task waits: for another thread or the network, write `.await` in a `#[tokio::test]`, or use `tokio::task::spawn_blocking`, which stops the clock while its code runs
                If the test expects this, add `.then(expect::handler_failed_with_message::<CardHandler>(".."))`

    no handler
      expected  no problem, or a `then` that covers it
      found     no handler for the command `Refund`: add a route for it to CardHandler, which handles other commands of the same aggregate: `on.command(..)`
                PassHandler sent the command, and went on after the failure

    two levels
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`

    turned into a rejection
      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`
    "#);
}

#[rstest]
fn ignored_failure_can_be_covered(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = pass(mode, "fail")
        .then_accepted()
        .then(expect::handler_failed::<CardHandler>(LabError("no line")))
        .run();

    let failures = outcome.last_act().failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].origin(), FailureOrigin::Ignored("PassHandler"));
}

#[rstest]
fn ignored_rejection_is_a_decision(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = pass(mode, "refuse").then_accepted().run();

    assert_eq!(outcome.last_act().failures().len(), 0);
}

/// Only the handler that did not go on has failed.
#[rstest]
fn failure_that_is_passed_on_is_one_problem(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = pass(mode, "propagate")
        .then(expect::handler_failed::<PassHandler>(LabError("no line")))
        .run();

    assert_eq!(outcome.last_act().failures().len(), 0);
}

/// A dead letter is about the event, and the failed command is none.
#[test]
fn ignored_failure_is_no_dead_letter() {
    let flow = FlowHarness::new(till)
        .mode(Mode::Engine)
        .when_event(shown("fail"))
        .then(expect::dead_letters());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     CardHandler failed on Charge: charging failed: there was no line
              Till sent the command, and went on after the failure
              If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`
    ");
}

#[test]
fn custom_expectation_can_cover_an_ignored_failure() {
    struct Tolerant;

    impl Expectation for Tolerant {
        fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
            Ok(())
        }

        fn covers(&self, problem: &flow_harness::outcome::Problem<'_>, _: &Outcome) -> bool {
            problem.kind == ProblemKind::IgnoredFailure
        }
    }

    pass(Mode::Sync, "fail").then(Tolerant).run();
}

#[test]
fn report_of_an_ignored_failure_shows_who_went_on() {
    let failure = pass(Mode::Sync, "fail")
        .then_accepted()
        .try_run()
        .expect_err("the charge failed");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 1: when Pass { card_id: "c-1", how: "fail" }      tests/it/guards/ignored_failures.rs:LINE

      expected  no problem, or a `then` that covers it
      found     CardHandler failed on Charge: charging failed: there was no line
                PassHandler sent the command, and went on after the failure
                If the test expects this, add `.then(expect::handler_failed::<CardHandler>(..))`

    story   1 when   Pass { card_id: "c-1", how: "fail" }  accepted, but a handler failed
            2 then   accepted                              ok

    chain  Pass                                PassHandler  handled
           └ Charge                            CardHandler  FAILED: charging failed: there was no line   <- here

    end    nothing pending · 1 handler failed
    rerun  cargo test guards::ignored_failures::report_of_an_ignored_failure_shows_who_went_on
    "#);
}

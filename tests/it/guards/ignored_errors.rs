//! A handler that ignores an error of its unit of work, and goes on.

use std::{fmt::Write, time::Duration};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork, WarningSelector, WiringErrors,
    error::FailureOrigin,
};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::{LabError, mismatch};

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Fill, Empty, Pour), events(JarFilled))]
struct Jar {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Not a part of the domain.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = lid_id)]
struct Lid {
    lid_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Fills a jar, and makes the mistake that `how` names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Jar, id = jar_id)]
struct Fill {
    jar_id: String,
    how: String,
}

/// A command without a handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Jar, id = jar_id)]
struct Empty {
    jar_id: String,
}

/// Fills a jar as part of its own work, and goes on if that fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Jar, id = jar_id)]
struct Pour {
    jar_id: String,
    how: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Jar, id = jar_id)]
struct JarFilled {
    jar_id: String,
    how: String,
}

/// Not a part of the domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "lid", id = lid_id)]
struct LidClosed {
    lid_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = jar_id)]
struct Label {
    jar_id: String,
}

#[derive(Debug)]
struct Kitchen;

impl CommandHandler for Kitchen {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::fill);
        on.command(Self::pour);
    }
}

impl Kitchen {
    async fn fill(&self, command: Fill, work: &mut UnitOfWork) -> Result<(), Error> {
        let jar_id = command.jar_id.clone();
        let lid = || Lid {
            lid_id: "l-1".into(),
            ..Lid::default()
        };
        match command.how.as_str() {
            "raise" => drop(work.raise(LidClosed {
                lid_id: "l-1".into(),
            })),
            "add" => drop(work.add(lid())),
            "remove" => drop(work.remove(Jar::default())),
            "find" => drop(work.find::<Lid>("l-1").await),
            "submit" => drop(work.submit(Empty { jar_id })),
            "schedule" => drop(work.process_after(Duration::from_secs(1), Empty { jar_id })),
            "fail" => work.add(lid())?,
            "reject" => work.add(lid()).map_err(|_failure| LabError("no lid"))?,
            "look" => drop(work.load::<Jar>("j-2").await),
            _ => {}
        }

        work.raise(JarFilled {
            jar_id: command.jar_id,
            how: command.how,
        })
    }

    async fn pour(&self, command: Pour, work: &mut UnitOfWork) -> Result<(), Error> {
        let Pour { jar_id, how } = command;
        drop(work.process(Fill { jar_id, how }).await);
        Ok(())
    }
}

#[derive(Debug)]
struct Labeller;

impl Projector for Labeller {
    type Projection = Label;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_jar_filled);
    }
}

impl Labeller {
    async fn on_jar_filled(
        &self,
        event: JarFilled,
        rows: &mut Rows<'_, Label>,
    ) -> Result<(), Error> {
        if event.how == "put" {
            drop(
                rows.put(Label {
                    jar_id: String::new(),
                })
                .await,
            );
        }
        rows.put(Label {
            jar_id: event.jar_id,
        })
        .await
    }
}

fn kitchen() -> Result<Domain, WiringErrors> {
    Domain::builder("kitchen")
        .aggregate::<Jar>()
        .command_handler(Kitchen)
        .projection::<Label>()
        .projector(Labeller)
        .acknowledge(
            WarningSelector::unhandled_command::<Empty>(),
            "it shall fail",
        )
        .build()
}

fn fill(mode: Mode, how: &str) -> Flow<'static, Acted> {
    FlowHarness::new(kitchen).mode(mode).when(Fill {
        jar_id: "j-1".into(),
        how: how.into(),
    })
}

#[test]
fn ignored_error_of_the_unit_of_work_fails_the_flow() {
    let methods = [
        "raise", "add", "remove", "find", "submit", "schedule", "put",
    ];
    let texts = |mode| {
        methods.iter().fold(String::new(), |mut texts, how| {
            let flow = fill(mode, how).then_accepted();
            writeln!(texts, "{how}\n{}\n", mismatch(flow)).expect("a string takes any text");
            texts
        })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    insta::assert_snapshot!(in_sync, @r#"
    raise
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: the event `LidClosed` is not registered: no aggregate of the domain has the category `lid`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<LidClosed>()`
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    add
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: the aggregate `Lid` is not registered: add `.aggregate::<Lid>()` to the domain
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    remove
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: the key `id` of Jar is invalid: a key must have 1 to 512 bytes, but this one is empty
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    find
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: the aggregate `Lid` is not registered: add `.aggregate::<Lid>()` to the domain
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    submit
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: no handler for the command `Empty`: add a route for it to Kitchen, which handles other commands of the same aggregate: `on.command(..)`
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    schedule
      expected  no problem, or a `then` that covers it
      found     Kitchen ignored an error on Fill: no handler for the command `Empty`: add a route for it to Kitchen, which handles other commands of the same aggregate: `on.command(..)`
                If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`

    put
      expected  no problem, or a `then` that covers it
      found     Labeller ignored an error on JarFilled: the key `jar_id` of Label is invalid: a key must have 1 to 512 bytes, but this one is empty
                If the test expects this, add `.then(expect::handler_failed_with_message::<Labeller>(".."))`
    "#);
}

#[rstest]
fn ignored_error_can_be_covered(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = fill(mode, "add")
        .then(expect::handler_failed_with_message::<Kitchen>("Lid"))
        .run();

    let failures = outcome.last_act().failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].origin(), FailureOrigin::Ignored("Kitchen"));
}

#[test]
fn error_that_becomes_a_rejection_is_ignored() {
    let flow = fill(Mode::Sync, "reject").then_rejected(LabError("no lid"));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no problem, or a `then` that covers it
    found     Kitchen ignored an error on Fill: the aggregate `Lid` is not registered: add `.aggregate::<Lid>()` to the domain
              If the test expects this, add `.then(expect::handler_failed_with_message::<Kitchen>(".."))`
    "#);
}

/// A handler may ask whether something exists.
#[rstest]
fn missing_state_is_an_answer(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    fill(mode, "look").then_accepted().run();
}

/// Only the nested handler has failed, although it got the error from the unit of work.
#[rstest]
fn error_that_is_passed_on_is_one_problem(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let pour = FlowHarness::new(kitchen).mode(mode).when(Pour {
        jar_id: "j-1".into(),
        how: "fail".into(),
    });
    let outcome = pour
        .then(expect::handler_failed_with_message::<Kitchen>("Lid"))
        .run();

    let failures = outcome.last_act().failures();
    assert_eq!(failures.len(), 1);
}

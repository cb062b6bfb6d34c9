//! A negative expectation about what no handler can cause.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    WarningSelector, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Open, Shut), events(Opened))]
struct Door {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Door, id = id)]
struct Open {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Door, id = id)]
struct Shut {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Door, id = id)]
struct Opened {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "visitor", id = id)]
struct Knocked {
    id: String,
}

/// Raises an event for each command, and issues nothing.
#[derive(Debug)]
struct RaisingDoors;

impl CommandHandler for RaisingDoors {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open).raises::<Opened>();
        on.command(Self::shut).raises::<Opened>();
    }
}

impl RaisingDoors {
    async fn open(&self, command: Open, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut door = Door {
            id: command.id.clone(),
            ..Door::default()
        };
        door.raise(Opened { id: command.id });
        work.add(door)
    }

    async fn shut(&self, _: Shut, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Declares that it issues commands, and raises nothing.
#[derive(Debug)]
struct IssuingDoors;

impl CommandHandler for IssuingDoors {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open).issues::<Shut>();
        on.command(Self::shut).issues::<Open>();
    }
}

impl IssuingDoors {
    async fn open(&self, _: Open, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn shut(&self, _: Shut, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Opens the door to a visitor.
#[derive(Debug)]
struct Porter;

impl EventHandler for Porter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_knocked).raises::<Opened>();
    }
}

impl Porter {
    async fn on_knocked(&self, _: Knocked, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Declares nothing.
#[derive(Debug)]
struct Neighbour;

impl EventHandler for Neighbour {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_knocked);
    }
}

impl Neighbour {
    async fn on_knocked(&self, _: Knocked, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Visit {
    id: String,
}

#[derive(Debug)]
struct VisitProjector;

impl Projector for VisitProjector {
    type Projection = Visit;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_knocked);
    }
}

impl VisitProjector {
    async fn on_knocked(&self, event: Knocked, rows: &mut Rows<'_, Visit>) -> Result<(), Error> {
        rows.put(Visit { id: event.id }).await
    }
}

/// Every handler of this house declares something, and none issues a command.
fn raising_house() -> Result<Domain, WiringErrors> {
    Domain::builder("house")
        .aggregate::<Door>()
        .event_from_outside::<Knocked>()
        .command_handler(RaisingDoors)
        .event_handler(Porter)
        .projection::<Visit>()
        .projector(VisitProjector)
        .acknowledge(unheard(), "tests read it")
        .build()
}

/// Every handler of this house declares something, and none raises an event.
fn unheard() -> WarningSelector {
    WarningSelector::unhandled_event::<Opened>()
}

fn issuing_house() -> Result<Domain, WiringErrors> {
    Domain::builder("house")
        .aggregate::<Door>()
        .command_handler(IssuingDoors)
        .acknowledge(unheard(), "tests read it")
        .build()
}

/// One event handler of this house declares nothing.
fn house_with_neighbour() -> Result<Domain, WiringErrors> {
    Domain::builder("house")
        .aggregate::<Door>()
        .event_from_outside::<Knocked>()
        .command_handler(RaisingDoors)
        .event_handler(Porter)
        .event_handler(Neighbour)
        .projection::<Visit>()
        .projector(VisitProjector)
        .acknowledge(unheard(), "tests read it")
        .build()
}

fn open() -> Open {
    Open { id: "d-1".into() }
}

/// The negative expectations about what no handler of [`raising_house`] causes.
fn negatives() -> Vec<(&'static str, Box<dyn Expectation>)> {
    vec![
        ("no_event", Box::new(expect::no_event::<Knocked>())),
        ("no_commands", Box::new(expect::no_commands())),
        ("not_scheduled", Box::new(expect::not_scheduled::<Shut>())),
        (
            "times(0)",
            Box::new(expect::handled_by::<Porter>().times(0)),
        ),
        ("attempts(0)", Box::new(expect::attempts::<Porter>(0))),
        (
            "absent",
            Box::new(expect::projection::<Visit>("v-1").absent()),
        ),
        (
            "none",
            Box::new(expect::projections::<Visit>().none(|_| true)),
        ),
        (
            "count(0)",
            Box::new(expect::projections::<Visit>().count(0)),
        ),
        (
            "none, count(0)",
            Box::new(expect::projections::<Visit>().none(|_| true).count(0)),
        ),
        (
            "unchanged",
            Box::new(expect::projections::<Visit>().unchanged()),
        ),
    ]
}

#[test]
fn negative_about_what_never_happens_fails() {
    let texts = |mode| {
        let mut texts = String::new();
        for (name, negative) in negatives() {
            let check = |outcome: &Outcome| negative.check(outcome);
            let flow = FlowHarness::new(raising_house)
                .mode(mode)
                .when(open())
                .then(check);
            writeln!(texts, "{name}\n{}\n", mismatch(flow)).expect("a string takes any text");
        }

        let flow = FlowHarness::new(issuing_house).mode(mode).when(open());
        writeln!(texts, "no_events\n{}", mismatch(flow.then_no_events()))
            .expect("a string takes any text");
        texts
    };

    let in_sync = texts(Mode::Sync);
    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(texts(Mode::Differential), in_sync);
    insta::assert_snapshot!(in_sync, @"
    no_event
      expected  an expectation that can fail
      found     no handler declares that it raises Knocked (the event comes from outside the domain)
                If a handler raises it, declare it in the routes: `.raises::<Knocked>()`

    no_commands
      expected  an expectation that can fail
      found     no handler declares that it issues a command
                If a handler issues one, declare it in the routes: `.issues::<..>()`

    not_scheduled
      expected  an expectation that can fail
      found     no handler declares that it issues Shut
                If a handler issues it, declare it in the routes: `.issues::<Shut>()`

    times(0)
      expected  an expectation that can fail
      found     no handler declares a message that reaches Porter (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    attempts(0)
      expected  an expectation that can fail
      found     no handler declares a message that reaches Porter (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    absent
      expected  an expectation that can fail
      found     no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    none
      expected  an expectation that can fail
      found     no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    count(0)
      expected  an expectation that can fail
      found     no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    none, count(0)
      expected  an expectation that can fail
      found     no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    unchanged
      expected  an expectation that can fail
      found     no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none
                If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`

    no_events
      expected  an expectation that can fail
      found     no handler declares that it raises an event
                If a handler raises one, declare it in the routes: `.raises::<..>()`
    ");
}

#[test]
fn nothing_is_ever_pending_for_a_handler_without_messages() {
    let flow = FlowHarness::new(raising_house)
        .mode(Mode::Engine)
        .paused()
        .when(open())
        .then(expect::pending(1))
        .then(expect::pending(0).for_handler::<Porter>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  an expectation that can fail
    found     no handler declares a message that reaches Porter (Knocked), and the test sends none
              If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`
    ");
}

#[test]
fn undeclared_handler_makes_it_a_warning() {
    let outcome = FlowHarness::new(house_with_neighbour)
        .when(open())
        .then(expect::no_event::<Knocked>())
        .then(expect::no_commands())
        .then(expect::not_scheduled::<Shut>())
        .then(expect::handled_by::<Porter>().times(0))
        .then(expect::attempts::<Porter>(0))
        .then(expect::projection::<Visit>("v-1").absent())
        .then(expect::projections::<Visit>().none(|_| true))
        .run();

    let texts: Vec<String> = outcome
        .warnings()
        .into_iter()
        .map(|warning| warning.text)
        .collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    no handler declares that it raises Knocked (the event comes from outside the domain), so this expectation probably always passes. If a handler raises it, declare it in the routes: `.raises::<Knocked>()`
    no handler declares that it issues a command, so this expectation probably always passes. If a handler issues one, declare it in the routes: `.issues::<..>()`
    no handler declares that it issues Shut, so this expectation probably always passes. If a handler issues it, declare it in the routes: `.issues::<Shut>()`
    no handler declares a message that reaches Porter (Knocked), and the test sends none, so this expectation probably always passes. If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`
    no handler declares a message that reaches Porter (Knocked), and the test sends none, so this expectation probably always passes. If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`
    no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none, so this expectation probably always passes. If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`
    no handler declares a message that reaches the handler that writes Visit (Knocked), and the test sends none, so this expectation probably always passes. If a handler raises or issues one, declare it in the routes: `.raises::<..>()` or `.issues::<..>()`
    ");
}

#[test]
fn negative_about_what_can_happen_passes() {
    let outcome = FlowHarness::new(raising_house)
        .when_event(Knocked { id: "v-1".into() })
        .then_no_events()
        .then(expect::no_event::<Opened>())
        .then_handled_by::<Porter>()
        .run();

    assert_eq!(outcome.warnings(), []);
}

/// Returns the names of the public expectations that begin with `no_` or `not_`.
fn negatives_in_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expect");
    let files = fs::read_dir(folder).expect("the folder exists");
    let mut names = BTreeSet::new();

    for file in files {
        let path = file.expect("a readable folder").path();
        let source = fs::read_to_string(path).expect("a source file");
        let declarations = source.split("\npub fn no").skip(1);
        names.extend(declarations.filter_map(|rest| {
            let name = rest.split(['<', '(']).next()?;
            Some(format!("no{name}"))
        }));
    }

    names
}

#[test]
fn every_negative_is_checked() {
    // `no_handler_failure` needs a call of the handler, so it cannot be about nothing.
    let checked = [
        "no_commands",
        "no_event",
        "no_events",
        "no_handler_failure",
        "not_scheduled",
    ];

    assert_eq!(negatives_in_sources(), checked.map(str::to_owned).into());
}

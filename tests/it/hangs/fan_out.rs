//! A handler in a cycle that sends many messages: the budget counts what must be delivered.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, UnitOfWork, WiringErrors,
};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

/// Makes [`Splitter`] raise as many of these events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "cell", id = id)]
struct Split {
    id: String,
    n: usize,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Divide))]
struct Cell {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Submits as many of these commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Cell, id = id)]
struct Divide {
    id: String,
    n: usize,
}

/// Makes [`Splitter`] raise as many events that cause no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "seed", id = id)]
struct Seeded {
    id: String,
    n: usize,
}

struct Splitter;

impl EventHandler for Splitter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_split);
        on.event(Self::on_seeded);
    }
}

impl Splitter {
    async fn on_split(&self, event: Split, work: &mut UnitOfWork) -> Result<(), Error> {
        (0..event.n).try_for_each(|_| work.raise(event.clone()))
    }

    async fn on_seeded(&self, event: Seeded, work: &mut UnitOfWork) -> Result<(), Error> {
        let id = event.id;
        (0..event.n).try_for_each(|_| {
            work.raise(Split {
                id: id.clone(),
                n: 0,
            })
        })
    }
}

struct CellHandler;

impl CommandHandler for CellHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::divide);
    }
}

impl CellHandler {
    async fn divide(&self, command: Divide, work: &mut UnitOfWork) -> Result<(), Error> {
        for _ in 0..command.n {
            work.submit(command.clone())?;
        }
        Ok(())
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("cells")
        .aggregate::<Cell>()
        .event_from_outside::<Split>()
        .event_from_outside::<Seeded>()
        .command_handler(CellHandler)
        .event_handler(Splitter)
        .build()
}

fn split(mode: Mode, n: usize) -> Flow<'static, Acted> {
    let id = "c".into();
    FlowHarness::new(domain)
        .mode(mode)
        .when_event(Split { id, n })
        .then_settled()
}

fn divide(mode: Mode, n: usize) -> Flow<'static, Acted> {
    let id = "c".into();
    FlowHarness::new(domain)
        .mode(mode)
        .when(Divide { id, n })
        .then_settled()
}

/// Returns the text of the stall, without what was pending: that depends on the mode.
fn stall(flow: impl Fn(Mode) -> Flow<'static, Acted>) -> String {
    let text = |mode| {
        let text = mismatch(flow(mode));
        let lines = text.lines().filter(|line| !line.contains(" pending "));
        lines.collect::<Vec<&str>>().join("\n")
    };

    let [inline, engine] = [Mode::Sync, Mode::Engine].map(text);
    assert_eq!(inline, engine, "the modes differ");
    inline
}

#[test]
fn events_that_multiply_stall_early() {
    insta::assert_snapshot!(stall(|mode| split(mode, 1_000)), @"
    expected  the flow settles
    found     the flow did not settle within 10000 deliveries
              busy     Splitter, called 11 times
              cycle    Split -> Splitter -> Split, repeated 2 times
              sent     messages that need 11000 deliveries
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[test]
fn commands_that_multiply_stall_early() {
    insta::assert_snapshot!(stall(|mode| divide(mode, 1_000)), @"
    expected  the flow settles
    found     the flow did not settle within 10000 deliveries
              busy     CellHandler, called 11 times
              sent     messages that need 11000 deliveries
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

/// One event that causes as many as the budget allows is no cycle.
#[rstest]
fn many_messages_of_one_handler_settle(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let wide = |n| {
        let seed = Seeded { id: "s".into(), n };
        FlowHarness::new(domain)
            .mode(mode)
            .budget(101)
            .when_event(seed)
            .then_settled()
    };

    wide(100).run();
    mismatch(wide(101));
}

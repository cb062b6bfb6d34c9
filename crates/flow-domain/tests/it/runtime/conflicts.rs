//! Two concurrent units of work.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Count), events(Counted))]
struct Counter {
    id: String,
    n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Log), events(Logged))]
struct Diary {
    id: String,
    n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Counter, id = id)]
struct Counted {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Diary, id = id)]
struct Logged {
    id: String,
}

impl Apply<Logged> for Diary {
    fn apply(&mut self, event: &Logged) {
        self.id.clone_from(&event.id);
        self.n += 1;
    }
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Counter, id = id)]
struct Count {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Diary, id = id)]
struct Log {
    id: String,
}

struct CounterHandler;

impl CommandHandler for CounterHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::count);
        on.command(Self::log);
    }
}

impl CounterHandler {
    async fn count(&self, command: Count, work: &mut UnitOfWork) -> Result<(), Error> {
        let stored: Option<Counter> = work.find(&command.id).await?;
        // Yields so that the other command gets here before this one continues.
        tokio::task::yield_now().await;

        let mut counter = stored.unwrap_or_default();
        counter.id.clone_from(&command.id);
        counter.n += 1;
        counter.raise(Counted { id: command.id });

        work.add(counter)
    }

    async fn log(&self, command: Log, work: &mut UnitOfWork) -> Result<(), Error> {
        let stored: Option<Diary> = work.find(&command.id).await?;
        // Yields so that the other command gets here before this one continues.
        tokio::task::yield_now().await;

        let mut diary = stored.unwrap_or_default();
        diary.raise(Logged { id: command.id });

        work.add(diary)
    }
}

fn world() -> World {
    World::new(
        Domain::builder("counting")
            // The first conflict is returned, so that the tests see it.
            .subscriptions(|on| {
                on.conflict_tries(1);
            })
            .aggregate::<Counter>()
            .aggregate::<Diary>()
            .command_handler(CounterHandler),
    )
}

fn count(id: &str) -> Count {
    Count { id: id.into() }
}

fn log(id: &str) -> Log {
    Log { id: id.into() }
}

/// Returns the error of the command that lost.
#[track_caller]
fn only_conflict(results: (Result<(), Error>, Result<(), Error>)) -> Error {
    let err = match results {
        (Ok(()), Err(err)) | (Err(err), Ok(())) => err,
        both => panic!("one should win and one should lose: {both:?}"),
    };
    assert!(err.is_conflict(), "{err}");

    err
}

#[tokio::test]
async fn concurrent_creation_of_one_aggregate_conflicts() {
    let world = world();

    let results = tokio::join!(
        world.app.process(count("one")),
        world.app.process(count("one"))
    );

    insta::assert_snapshot!(only_conflict(results), @"CounterHandler could not write aggregate Counter `one`: expected nothing there, found version 1");
    assert_eq!(world.stored_event_names().await, ["Counted in counter-one"]);
}

#[tokio::test]
async fn concurrent_change_of_one_aggregate_conflicts() {
    let world = world();
    world.app.process(count("one")).await.unwrap();

    let results = tokio::join!(
        world.app.process(count("one")),
        world.app.process(count("one"))
    );

    insta::assert_snapshot!(only_conflict(results), @"CounterHandler could not write aggregate Counter `one`: expected version 1, found version 2");
    let counter: Counter = world.app.load("one").await.unwrap().unwrap();
    assert_eq!(counter.n, 2);
}

#[tokio::test]
async fn concurrent_append_to_one_stream_conflicts() {
    let world = world();
    world.app.process(log("one")).await.unwrap();

    let results = tokio::join!(world.app.process(log("one")), world.app.process(log("one")));

    insta::assert_snapshot!(only_conflict(results), @"CounterHandler could not write stream `diary-one`: expected version 1, found version 2");
    let diary: Diary = world.app.load("one").await.unwrap().unwrap();
    assert_eq!(diary.n, 2);
}

#[tokio::test]
async fn concurrent_change_of_two_aggregates_succeeds() {
    let world = world();

    let results = tokio::join!(
        world.app.process(count("one")),
        world.app.process(count("two"))
    );

    assert!(matches!(results, (Ok(()), Ok(()))));
}

#[tokio::test]
async fn conflicting_command_succeeds_when_repeated() {
    let world = world();
    let results = tokio::join!(
        world.app.process(count("one")),
        world.app.process(count("one"))
    );
    only_conflict(results);

    world.app.process(count("one")).await.unwrap();

    let counter: Counter = world.app.load("one").await.unwrap().unwrap();
    assert_eq!(counter.n, 2);
}

//! Time limits of handlers that run inline, and of projectors in a rebuild.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flow_domain::{Aggregate, CommandHandler, CommandRoutes, PendingEvents};
use flow_domain::{
    App, Command, Domain, Error, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes,
    Rows, UnitOfWork, adapter::memory::MemoryStore, handler::Profile,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{Ping, build, ping},
    runtime::fixture::World,
};

struct Waiter;

impl EventHandler for Waiter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().time_limit(Duration::from_millis(100));
    }
}

impl Waiter {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }
}

/// The same, with the time limit of its profile.
struct FastWaiter;

impl EventHandler for FastWaiter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().profile(Profile::Fast);
    }
}

impl FastWaiter {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }
}

/// The app of a production program: the clock and the ids of the machine.
#[tokio::test(start_paused = true)]
async fn inline_handlers_have_their_time_limits() {
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_handler(Waiter)
        .event_handler(FastWaiter);
    let app = App::builder(build(domain))
        .store(MemoryStore::default())
        .start();

    let err = app.publish(ping("1")).await.unwrap_err();

    insta::assert_snapshot!(err, @"
    the commit succeeded, but 2 handlers failed afterwards:
      Waiter failed on Ping: Waiter took longer than 100ms
      FastWaiter failed on Ping: FastWaiter took longer than 5s
    ");
    let failures = err.handler_failures();
    assert!(failures.iter().all(|failure| failure.error.is_timed_out()));
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Wait, Again))]
struct Queue {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Queue, id = id)]
struct Wait {
    id: String,
}

/// Submits itself.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Queue, id = id)]
struct Again {
    id: String,
}

struct QueueHandler;

impl CommandHandler for QueueHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::wait);
        on.command(Self::again);
    }
}

impl QueueHandler {
    async fn wait(&self, _: Wait, _: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }

    async fn again(&self, command: Again, work: &mut UnitOfWork) -> Result<(), Error> {
        work.submit(command)?;
        Ok(())
    }
}

fn queue() -> World {
    let domain = Domain::builder("queue").aggregate::<Queue>();
    World::with_budget(domain.command_handler(QueueHandler), 10)
}

#[tokio::test(start_paused = true)]
async fn command_handler_has_the_default_time_limit() {
    let err = queue().app.process(Wait { id: "q".into() }).await;

    let err = err.unwrap_err();
    assert!(err.is_timed_out());
    assert_eq!(err.to_string(), "QueueHandler took longer than 30s");
}

#[tokio::test]
async fn process_due_stops_at_the_budget() {
    let world = queue();
    world.app.submit(Again { id: "q".into() }).await.unwrap();

    let first = world.app.process_due().await.unwrap().stall.unwrap();
    insta::assert_snapshot!(first, @"
    the flow did not settle within 10 deliveries
    busy     QueueHandler, called 10 times
    cycle    Again -> QueueHandler -> Again, repeated 10 times
    pending  QueueHandler on Again
    fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");

    // The command is still due, so the next call goes on.
    let second = world.app.process_due().await.unwrap().stall.unwrap();
    assert_eq!(second, first);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct PingRow {
    id: String,
}

/// Waits for ever as soon as the switch is on.
struct PingProjector(Arc<AtomicBool>);

impl Projector for PingProjector {
    type Projection = PingRow;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl PingProjector {
    async fn on_ping(&self, event: Ping, rows: &mut Rows<'_, PingRow>) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        rows.put(PingRow { id: event.id }).await
    }
}

#[tokio::test(start_paused = true)]
async fn projector_in_a_rebuild_has_its_time_limit() {
    let waits = Arc::new(AtomicBool::new(false));
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .projection::<PingRow>()
        .projector(PingProjector(Arc::clone(&waits)));
    let world = World::new(domain);
    world.app.publish(ping("1")).await.unwrap();

    waits.store(true, Ordering::Relaxed);
    let report = world.app.rebuild::<PingRow>().await.unwrap();

    assert_eq!(report.skipped.len(), 1);
    insta::assert_snapshot!(report.skipped[0].failure, @"PingProjector failed on Ping: PingProjector took longer than 30s");
}

//! Handlers are told of every attempt that failed.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Delivery, Domain, Error, EventHandler,
    EventRoutes, ProcessManager, ProcessManagerRoutes, Projection, Projector, ProjectorRoutes,
    Raised, Rejection, RetryPolicy, Rows, UnitOfWork, handler::Source, message::Processing,
    record::Happening, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{Heard, Ping, World, ping, table, timed_out};

thread_local! {
    // A process manager is its own state and has nowhere to keep it.
    static TOLD: Heard = Heard::default();
}

fn tell(error: &Error, delivery: &Delivery) {
    let last = if delivery.is_last() { ", the last" } else { "" };
    let (attempt, cause) = (delivery.attempt(), error.with_causes());
    let name = delivery.metadata().message_type.name();
    TOLD.with(|told| told.note(format!("{name} #{attempt}{last}: {cause}")));
}

fn told() -> Vec<String> {
    TOLD.with(Heard::take)
}

struct Broken;

impl EventHandler for Broken {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        tell(error, delivery);
        Ok(())
    }
}

impl Broken {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timed_out())
    }
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Tally {
    id: String,
}

struct BrokenProjector;

impl Projector for BrokenProjector {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        tell(error, delivery);
        Ok(())
    }
}

impl BrokenProjector {
    async fn on_ping(&self, _: Ping, _: &mut Rows<'_, Tally>) -> Result<(), Error> {
        Err(timed_out())
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct BrokenManager {}

impl ProcessManager for BrokenManager {
    const KEY: &'static str = "id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_ping);
    }

    async fn handle_error(error: &Error, delivery: &Delivery) -> Result<(), Error> {
        tell(error, delivery);
        Ok(())
    }
}

impl BrokenManager {
    async fn on_ping(&mut self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timed_out())
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Charge, Refuse))]
struct Card {
    id: String,
    #[serde(skip)]
    raised: Raised,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = id)]
struct Charge {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = id)]
struct Refuse {
    id: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the card has expired")]
struct CardExpired;

impl Rejection for CardExpired {}

struct BrokenCashier;

impl CommandHandler for BrokenCashier {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::charge);
        on.command(Self::refuse);
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        tell(error, delivery);
        Ok(())
    }
}

impl BrokenCashier {
    async fn charge(&self, _: Charge, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timed_out())
    }

    async fn refuse(&self, _: Refuse, _: &mut UnitOfWork) -> Result<(), CardExpired> {
        Err(CardExpired)
    }
}

fn tried_twice(domain: DomainBuilder) -> DomainBuilder {
    domain.subscriptions(|all| {
        all.retry(RetryPolicy::attempts(2));
    })
}

async fn check(domain: DomainBuilder) {
    let mut world = World::of(tried_twice(domain));
    world.pings(["1"]).await;

    assert!(world.run().await.left.is_quiet());

    assert_eq!(
        told(),
        [
            "Ping #1: charging the card failed: timed out",
            "Ping #2, the last: charging the card failed: timed out"
        ]
    );
}

#[tokio::test]
async fn an_event_handler_is_told_of_every_failed_attempt() {
    check(table(Source::Broker).event_handler(Broken)).await;
}

#[tokio::test]
async fn an_event_handler_that_reads_the_store_is_told_as_well() {
    check(table(Source::EventStore).event_handler(Broken)).await;
}

#[tokio::test]
async fn a_projector_is_told_of_every_failed_attempt() {
    let domain = table(Source::Broker).projection::<Tally>();
    check(domain.projector(BrokenProjector)).await;
}

#[tokio::test]
async fn a_process_manager_is_told_of_every_failed_attempt() {
    check(table(Source::Broker).process_manager::<BrokenManager>()).await;
}

fn shop() -> DomainBuilder {
    tried_twice(Domain::builder("shop"))
        .aggregate::<Card>()
        .command_handler(BrokenCashier)
}

#[tokio::test]
async fn a_command_handler_is_told_of_every_failed_attempt() {
    let mut world = World::of(shop());
    world.app.submit(Charge { id: "c".into() }).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(
        told(),
        [
            "Charge #1: charging the card failed: timed out",
            "Charge #2, the last: charging the card failed: timed out"
        ]
    );
}

#[tokio::test]
async fn a_rejection_is_an_answer_and_no_failed_attempt() {
    let mut world = World::of(shop());
    world.app.submit(Refuse { id: "c".into() }).await.unwrap();

    let settled = world.run().await;

    assert!(told().is_empty());
    assert_eq!(settled.deliveries, 1);
    assert!(settled.failures[0].error.is_rejection());
    assert!(world.dead().await.is_empty());
}

#[tokio::test]
async fn inline_a_handler_is_told_once() {
    let domain = tried_twice(table(Source::Broker)).event_handler(Broken);
    let world = World::with(domain, |app| app.event_processing(Processing::Sync));

    world.app.publish(ping("1")).await.unwrap_err();

    assert_eq!(
        told(),
        ["Ping #1, the last: charging the card failed: timed out"]
    );
}

/// Fails, and fails in what it does about it.
struct Hopeless(Heard, &'static str);

impl EventHandler for Hopeless {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }

    async fn handle_error(&self, _: &Error, _: &Delivery) -> Result<(), Error> {
        match self.1 {
            "fails" => Err(Error::failed("calling support", "nobody answers")),
            "panics" => panic!("out of ideas"),
            _ => std::future::pending().await,
        }
    }
}

impl Hopeless {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(event.id);
        Err(timed_out())
    }
}

async fn check_hopeless(how: &'static str) -> Vec<String> {
    let heard = Heard::default();
    let domain = tried_twice(table(Source::Broker)).event_handler(Hopeless(heard.clone(), how));
    let mut world = World::of(domain);
    world.pings(["1"]).await;

    let settled = world.run().await;

    assert_eq!(heard.take(), ["1", "1"]);
    assert!(settled.left.is_quiet());
    assert_eq!(
        world.dead().await,
        ["Hopeless: charging the card failed: timed out"]
    );
    world.tell(|what| matches!(what, Happening::HandleErrorFailed { .. }))
}

#[tokio::test]
async fn a_handle_error_that_fails_changes_nothing_and_is_recorded() {
    let recorded = check_hopeless("fails").await;

    assert_eq!(
        recorded,
        [
            "handle_error failed: calling support failed: nobody answers",
            "handle_error failed: calling support failed: nobody answers"
        ]
    );
}

#[tokio::test]
async fn a_handle_error_that_panics_changes_nothing_and_is_recorded() {
    let recorded = check_hopeless("panics").await;

    assert_eq!(recorded.len(), 2);
    assert!(recorded[0].ends_with("out of ideas"), "{recorded:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handle_error_that_never_returns_is_over_at_the_time_limit() {
    let recorded = check_hopeless("waits").await;

    assert_eq!(
        recorded,
        [
            "handle_error failed: it took longer than 30s",
            "handle_error failed: it took longer than 30s"
        ]
    );
}

//! `handle_error` of a handler is called after every failed attempt.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Delivery, Domain, Error, EventHandler,
    EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, Projection, Projector,
    ProjectorRoutes, Rejection, RetryPolicy, Rows, UnitOfWork, handler::Source,
    message::Processing, record::EntryKind, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{World, ping_domain},
    fixture::{CallLog, Ping, ping, timeout_error},
};

thread_local! {
    // A process manager is created from its state, so it cannot hold a call log.
    static ERRORS: CallLog = CallLog::default();
}

fn note_error(error: &Error, delivery: &Delivery) {
    let last = if delivery.is_last() { ", the last" } else { "" };
    let (attempt, cause) = (delivery.attempt(), error.with_causes());
    let name = delivery.metadata().message_type.name();
    ERRORS.with(|errors| errors.note(format!("{name} #{attempt}{last}: {cause}")));
}

fn noted_errors() -> Vec<String> {
    ERRORS.with(CallLog::take)
}

struct Broken;

impl EventHandler for Broken {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        note_error(error, delivery);
        Ok(())
    }
}

impl Broken {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
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
        note_error(error, delivery);
        Ok(())
    }
}

impl BrokenProjector {
    async fn on_ping(&self, _: Ping, _: &mut Rows<'_, Tally>) -> Result<(), Error> {
        Err(timeout_error())
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
        note_error(error, delivery);
        Ok(())
    }
}

impl BrokenManager {
    async fn on_ping(&mut self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Charge, Refuse))]
struct Card {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
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
        note_error(error, delivery);
        Ok(())
    }
}

impl BrokenCashier {
    async fn charge(&self, _: Charge, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
    }

    async fn refuse(&self, _: Refuse, _: &mut UnitOfWork) -> Result<(), CardExpired> {
        Err(CardExpired)
    }
}

fn with_two_attempts(domain: DomainBuilder) -> DomainBuilder {
    domain.subscriptions(|all| {
        all.retry(RetryPolicy::attempts(2));
    })
}

async fn check(domain: DomainBuilder) {
    let mut world = World::of(with_two_attempts(domain));
    world.publish_pings(["1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        noted_errors(),
        [
            "Ping #1: charging the card failed: timed out",
            "Ping #2, the last: charging the card failed: timed out"
        ]
    );
}

#[tokio::test]
async fn handle_error_gets_every_failure_of_an_event_handler() {
    check(ping_domain(Source::Broker).event_handler(Broken)).await;
}

#[tokio::test]
async fn handle_error_gets_every_failure_from_the_store() {
    check(ping_domain(Source::EventStore).event_handler(Broken)).await;
}

#[tokio::test]
async fn handle_error_gets_every_failure_of_a_projector() {
    let domain = ping_domain(Source::Broker).projection::<Tally>();
    check(domain.projector(BrokenProjector)).await;
}

#[tokio::test]
async fn handle_error_gets_every_failure_of_a_process_manager() {
    check(ping_domain(Source::Broker).process_manager::<BrokenManager>()).await;
}

fn shop() -> DomainBuilder {
    with_two_attempts(Domain::builder("shop"))
        .aggregate::<Card>()
        .command_handler(BrokenCashier)
}

#[tokio::test]
async fn handle_error_gets_every_failure_of_a_command_handler() {
    let mut world = World::of(shop());
    world.app.submit(Charge { id: "c".into() }).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        noted_errors(),
        [
            "Charge #1: charging the card failed: timed out",
            "Charge #2, the last: charging the card failed: timed out"
        ]
    );
}

#[tokio::test]
async fn handle_error_does_not_get_rejections() {
    let mut world = World::of(shop());
    world.app.submit(Refuse { id: "c".into() }).await.unwrap();

    let report = world.run().await;

    assert!(noted_errors().is_empty());
    assert_eq!(report.deliveries, 1);
    assert!(report.failures[0].error.is_rejection());
    assert!(world.dead_letter_lines().await.is_empty());
}

#[tokio::test]
async fn handle_error_is_called_once_inline() {
    let domain = with_two_attempts(ping_domain(Source::Broker)).event_handler(Broken);
    let world = World::with_app(domain, |app| app.event_processing(Processing::Sync));

    world.app.publish(ping("1")).await.unwrap_err();

    assert_eq!(
        noted_errors(),
        ["Ping #1, the last: charging the card failed: timed out"]
    );
}

/// Fails, and its `handle_error` fails, panics or hangs.
struct Hopeless(CallLog, &'static str);

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
        Err(timeout_error())
    }
}

async fn check_failing_handle_error(how: &'static str) -> Vec<String> {
    let calls = CallLog::default();
    let domain =
        with_two_attempts(ping_domain(Source::Broker)).event_handler(Hopeless(calls.clone(), how));
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    assert_eq!(calls.take(), ["1", "1"]);
    assert!(report.remaining.is_quiet());
    assert_eq!(
        world.dead_letter_lines().await,
        ["Hopeless: charging the card failed: timed out"]
    );
    world.entry_lines(|kind| matches!(kind, EntryKind::HandleErrorFailed { .. }))
}

#[tokio::test]
async fn handle_error_that_fails_is_only_recorded() {
    let recorded = check_failing_handle_error("fails").await;

    assert_eq!(
        recorded,
        [
            "handle_error failed: calling support failed: nobody answers",
            "handle_error failed: calling support failed: nobody answers"
        ]
    );
}

#[tokio::test]
async fn handle_error_that_panics_is_only_recorded() {
    let recorded = check_failing_handle_error("panics").await;

    assert_eq!(recorded.len(), 2);
    assert!(recorded[0].ends_with("out of ideas"), "{recorded:?}");
}

#[tokio::test(start_paused = true)]
async fn handle_error_that_hangs_ends_at_the_time_limit() {
    let recorded = check_failing_handle_error("waits").await;

    assert_eq!(
        recorded,
        [
            "handle_error failed: the call took longer than 30s",
            "handle_error failed: the call took longer than 30s"
        ]
    );
}

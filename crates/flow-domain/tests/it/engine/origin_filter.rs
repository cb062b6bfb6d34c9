//! Handlers that receive only the events that a certain category caused.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, handler::Source, message::Processing,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Game, Listener, Referee, Scored, World, ping_domain, score},
    fixture::{CallLog, Ping, ping},
};

/// Raises a ping for each point.
struct Fan;

impl EventHandler for Fan {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
    }
}

impl Fan {
    async fn on_scored(&self, event: Scored, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Ping { id: event.id })
    }
}

/// Notes the pings that a game caused.
struct Choosy(CallLog);

impl EventHandler for Choosy {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().origin("game");
    }
}

impl Choosy {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(event.id);
        Ok(())
    }
}

fn domain(source: Source, calls: &CallLog) -> DomainBuilder {
    ping_domain(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Fan)
        .event_handler(Choosy(calls.clone()))
        .subscriptions(|all| {
            all.batch_size(2);
        })
}

async fn check(source: Source) {
    let calls = CallLog::default();
    let mut world = World::of(domain(source, &calls));
    world
        .publish_pings(["1", "2", "3", "4", "5", "6", "7", "8"])
        .await;
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["g"]);
    let outcomes = world.handler_outcomes();
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| outcome.starts_with("skipped"))
            .count(),
        8
    );
    assert!(outcomes.contains(
        &"skipped: the event comes from outside the domain, but the handler accepts only the origin `game`"
            .to_owned()
    ));
}

#[tokio::test]
async fn origin_filter_passes_a_match_behind_many_others() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn origin_filter_passes_a_store_match_behind_many_others() {
    check(Source::EventStore).await;
}

#[tokio::test]
async fn origin_filter_applies_inline() {
    let calls = CallLog::default();
    let domain = domain(Source::Broker, &calls);
    let world = World::with_app(domain, |app| app.event_processing(Processing::Sync));

    world.app.publish(ping("1")).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert_eq!(calls.take(), ["g"]);
}

#[tokio::test]
async fn origin_filter_of_the_domain_applies_to_all_handlers() {
    let calls = CallLog::default();
    let domain = ping_domain(Source::Broker)
        .event_handler(Listener(calls.clone()))
        .subscriptions(|all| {
            all.origin("table");
        });
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert!(calls.take().is_empty());
}

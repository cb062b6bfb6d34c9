//! Handlers that want only what a certain category caused.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, handler::Source, message::Processing,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{
    CallLog, Game, Listener, Ping, Referee, Scored, World, ping, score, table_domain,
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

fn domain(source: Source, heard: &CallLog) -> DomainBuilder {
    table_domain(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Fan)
        .event_handler(Choosy(heard.clone()))
        .subscriptions(|all| {
            all.batch_size(2);
        })
}

async fn check(source: Source) {
    let heard = CallLog::default();
    let mut world = World::of(domain(source, &heard));
    world
        .publish_pings(["1", "2", "3", "4", "5", "6", "7", "8"])
        .await;
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(heard.take(), ["g"]);
    let filtered = world.handler_outcomes();
    assert_eq!(
        filtered
            .iter()
            .filter(|one| one.starts_with("filtered"))
            .count(),
        8
    );
    assert!(filtered.contains(
        &"filtered: it was caused by the outside, and only what `game` causes is wanted".to_owned()
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
    let heard = CallLog::default();
    let domain = domain(Source::Broker, &heard);
    let world = World::with_app(domain, |app| app.event_processing(Processing::Sync));

    world.app.publish(ping("1")).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert_eq!(heard.take(), ["g"]);
}

#[tokio::test]
async fn origin_filter_of_the_domain_applies_to_all_handlers() {
    let heard = CallLog::default();
    let domain = table_domain(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .subscriptions(|all| {
            all.origin("table");
        });
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert!(heard.take().is_empty());
}

//! Handlers that want only what a certain category caused.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, handler::Source, message::Processing,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Game, Heard, Listener, Ping, Referee, Scored, World, ping, score, table};

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
struct Choosy(Heard);

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

fn domain(source: Source, heard: &Heard) -> DomainBuilder {
    table(source)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Fan)
        .event_handler(Choosy(heard.clone()))
        .subscriptions(|all| {
            all.batch_size(2);
        })
}

async fn check(source: Source) {
    let heard = Heard::default();
    let mut world = World::of(domain(source, &heard));
    world.pings(["1", "2", "3", "4", "5", "6", "7", "8"]).await;
    world.app.process(score("g")).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(heard.take(), ["g"]);
    let filtered = world.endings();
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
async fn many_that_do_not_match_do_not_keep_one_that_does_from_coming() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn many_that_do_not_match_do_not_starve_a_subscription_of_the_store() {
    check(Source::EventStore).await;
}

#[tokio::test]
async fn inline_the_origin_is_obeyed_as_well() {
    let heard = Heard::default();
    let domain = domain(Source::Broker, &heard);
    let world = World::with(domain, |app| app.event_processing(Processing::Sync));

    world.app.publish(ping("1")).await.unwrap();
    world.app.process(score("g")).await.unwrap();

    assert_eq!(heard.take(), ["g"]);
}

#[tokio::test]
async fn a_domain_can_name_an_origin_for_all_handlers() {
    let heard = Heard::default();
    let domain = table(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .subscriptions(|all| {
            all.origin("table");
        });
    let mut world = World::of(domain);
    world.pings(["1"]).await;

    assert!(world.run().await.left.is_quiet());

    assert!(heard.take().is_empty());
}

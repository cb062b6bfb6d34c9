//! Deliveries one by one, in any order, and engines that start again.

use std::time::Duration;

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, engine::StepEnd, handler::Source,
    record::Happening, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Ping, Player, World, fails, ping, pong, table, told};

fn both(heard: &Heard) -> DomainBuilder {
    table(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .event_handler(Player)
}

#[tokio::test]
async fn what_is_pending_is_the_same_every_time_and_in_the_order_of_commit() {
    let mut world = World::of(both(&Heard::default()));
    world.pings(["1", "2"]).await;

    let pending = world.pending().await;

    assert_eq!(
        pending,
        [
            "Listener Ping 1 #1",
            "Player Ping 1 #1",
            "Listener Ping 2 #1",
            "Player Ping 2 #1"
        ]
    );
    assert_eq!(world.pending().await, pending);
}

#[tokio::test]
async fn a_message_waits_for_the_one_before_it_in_its_stream() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world
        .app
        .publish((ping("1"), pong("1"), ping("1")))
        .await
        .unwrap();

    assert_eq!(world.pending().await, ["Player Ping 1 #1"]);
}

#[tokio::test]
async fn what_is_pending_can_be_delivered_in_any_order() {
    let heard = Heard::default();
    let mut world = World::of(both(&heard));
    world.pings(["1", "2"]).await;
    let pending = world.engine.pending().await.unwrap();

    let last = world.engine.deliver(&pending[2]).await.unwrap();
    let first = world.engine.deliver(&pending[0]).await.unwrap();

    assert_eq!(heard.take(), ["Listener 2", "Listener 1"]);
    assert_eq!((last.handler, first.handler), ("Listener", "Listener"));
    assert_eq!(
        world.pending().await,
        ["Player Ping 1 #1", "Player Ping 2 #1"]
    );
}

#[tokio::test]
async fn a_step_tells_how_it_ended() {
    let domain = both(&Heard::default());
    let mut world = World::with(domain, |app| {
        app.interceptor(fails("Listener", "table-1", 1))
    });
    world.pings(["1"]).await;
    let pending = world.engine.pending().await.unwrap();

    let failed = world.engine.deliver(&pending[0]).await.unwrap();
    let handled = world.engine.deliver(&pending[1]).await.unwrap();

    assert!(
        matches!(&failed.ended, StepEnd::Failed { error, is_last: false }
            if error.with_causes().to_string() == "charging the card failed: timed out"),
        "{failed:?}"
    );
    assert!(matches!(handled.ended, StepEnd::Handled { n_events: 1 }));
}

#[tokio::test]
async fn what_is_not_pending_cannot_be_delivered() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    let first = world.next("Player").await;
    let _ = world.engine.deliver(&first).await.unwrap();

    let err = world.engine.deliver(&first).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Ping 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 is not pending for Player: ask for `pending()` again");
}

#[tokio::test]
async fn two_orders_of_independent_deliveries_give_the_same_ids() {
    let mut one = World::of(table(Source::Broker).event_handler(Player));
    let mut two = World::of(table(Source::Broker).event_handler(Player));
    one.pings(["1", "2"]).await;
    two.pings(["1", "2"]).await;

    let in_order = one.engine.pending().await.unwrap();
    let _ = one.engine.deliver(&in_order[0]).await.unwrap();
    let _ = one.engine.deliver(&in_order[1]).await.unwrap();
    let reversed = two.engine.pending().await.unwrap();
    let _ = two.engine.deliver(&reversed[1]).await.unwrap();
    let _ = two.engine.deliver(&reversed[0]).await.unwrap();

    let (one, two) = (one.events().await, two.events().await);
    assert_eq!(one[2].stream().id(), "1");
    assert_eq!(one[2].metadata().id, two[3].metadata().id);
    assert_eq!(one[3].metadata().id, two[2].metadata().id);
}

/// Counts what it was handed since it was made.
struct Counter(Heard, std::sync::atomic::AtomicU32);

impl EventHandler for Counter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Counter {
    async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        let n_before = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.note(format!("{n_before} before"));
        Ok(())
    }
}

fn counting(heard: &Heard) -> DomainBuilder {
    table(Source::Broker).event_handler(Counter(heard.clone(), 0.into()))
}

async fn restarted(mut world: World) {
    world.pings(["1"]).await;
    assert!(world.run().await.left.is_quiet());
    world.engine.restart().unwrap();
    world.pings(["2"]).await;
    assert!(world.run().await.left.is_quiet());
}

#[tokio::test]
async fn handlers_keep_what_they_remember_when_the_engine_restarts() {
    let heard = Heard::default();

    restarted(World::of(counting(&heard))).await;

    assert_eq!(heard.take(), ["0 before", "1 before"]);
}

#[tokio::test]
async fn handlers_are_built_anew_when_the_engine_restarts_if_it_knows_how() {
    let heard = Heard::default();
    let mut world = World::of(counting(&heard));
    let again = heard.clone();
    world.engine = world.engine.rebuild_with(move || counting(&again).build());

    restarted(world).await;

    assert_eq!(heard.take(), ["0 before", "0 before"]);
}

#[tokio::test]
async fn an_engine_that_dies_is_in_the_record() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    let first = world.next("Player").await;

    let step = world.engine.deliver_and_die(&first).await.unwrap();

    assert!(matches!(step.ended, StepEnd::Died));
    let died = world.tell(|what| matches!(what, Happening::EngineDied));
    assert_eq!(died, ["the engine died"]);
    assert!(world.pending().await.is_empty(), "it is still leased");
}

#[tokio::test]
async fn what_a_restarted_engine_held_comes_again() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    let first = world.next("Player").await;
    assert_eq!(told(&first), "Player Ping 1 #1");
    world.engine.restart().unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(world.stored().await, ["Ping in table-1", "Pong in table-1"]);
}

#[tokio::test]
async fn what_was_held_for_longer_than_the_lease_is_handed_out_again() {
    let mut world = World::of(table(Source::Broker).event_handler(Player));
    world.pings(["1"]).await;
    assert_eq!(world.pending().await, ["Player Ping 1 #1"]);

    world.clock.advance(Duration::from_secs(120));

    assert_eq!(world.pending().await, ["Player Ping 1 #2"]);
}

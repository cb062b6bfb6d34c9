//! Deliveries one by one, in any order, and engines that start again.

use std::time::Duration;

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, engine::StepOutcome, handler::Source,
    record::EntryKind, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::fixture::{
    CallLog, Listener, Ping, Player, World, fail_until, pending_line, ping, pong, table_domain,
};

fn two_handlers_domain(heard: &CallLog) -> DomainBuilder {
    table_domain(Source::Broker)
        .event_handler(Listener(heard.clone()))
        .event_handler(Player)
}

#[tokio::test]
async fn pending_is_stable_and_in_commit_order() {
    let mut world = World::of(two_handlers_domain(&CallLog::default()));
    world.publish_pings(["1", "2"]).await;

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
async fn pending_has_one_message_of_each_stream() {
    let mut world = World::of(table_domain(Source::Broker).event_handler(Player));
    world
        .app
        .publish((ping("1"), pong("1"), ping("1")))
        .await
        .unwrap();

    assert_eq!(world.pending().await, ["Player Ping 1 #1"]);
}

#[tokio::test]
async fn pending_can_be_delivered_in_any_order() {
    let heard = CallLog::default();
    let mut world = World::of(two_handlers_domain(&heard));
    world.publish_pings(["1", "2"]).await;
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
async fn step_reports_its_outcome() {
    let domain = two_handlers_domain(&CallLog::default());
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_until("Listener", "table-1", 1))
    });
    world.publish_pings(["1"]).await;
    let pending = world.engine.pending().await.unwrap();

    let failed = world.engine.deliver(&pending[0]).await.unwrap();
    let handled = world.engine.deliver(&pending[1]).await.unwrap();

    assert!(
        matches!(&failed.outcome, StepOutcome::Failed { error, is_last: false }
            if error.with_causes().to_string() == "charging the card failed: timed out"),
        "{failed:?}"
    );
    assert!(matches!(
        handled.outcome,
        StepOutcome::Handled { n_events: 1 }
    ));
}

#[tokio::test]
async fn deliver_fails_if_the_message_is_not_pending() {
    let mut world = World::of(table_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;
    let _ = world.engine.deliver(&first).await.unwrap();

    let err = world.engine.deliver(&first).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Ping 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 is not pending for Player: ask for `pending()` again");
}

#[tokio::test]
async fn ids_do_not_depend_on_the_order_of_delivery() {
    let mut one = World::of(table_domain(Source::Broker).event_handler(Player));
    let mut two = World::of(table_domain(Source::Broker).event_handler(Player));
    one.publish_pings(["1", "2"]).await;
    two.publish_pings(["1", "2"]).await;

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
struct Counter(CallLog, std::sync::atomic::AtomicU32);

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

fn counter_domain(heard: &CallLog) -> DomainBuilder {
    table_domain(Source::Broker).event_handler(Counter(heard.clone(), 0.into()))
}

async fn run_with_restart(mut world: World) {
    world.publish_pings(["1"]).await;
    assert!(world.run().await.remaining.is_quiet());
    world.engine.restart().unwrap();
    world.publish_pings(["2"]).await;
    assert!(world.run().await.remaining.is_quiet());
}

#[tokio::test]
async fn restart_keeps_the_state_of_handlers() {
    let heard = CallLog::default();

    run_with_restart(World::of(counter_domain(&heard))).await;

    assert_eq!(heard.take(), ["0 before", "1 before"]);
}

#[tokio::test]
async fn restart_rebuilds_handlers_with_rebuild_with() {
    let heard = CallLog::default();
    let mut world = World::of(counter_domain(&heard));
    let again = heard.clone();
    world.engine = world
        .engine
        .rebuild_with(move || counter_domain(&again).build());

    run_with_restart(world).await;

    assert_eq!(heard.take(), ["0 before", "0 before"]);
}

#[tokio::test]
async fn crash_of_the_engine_is_recorded() {
    let mut world = World::of(table_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;

    let step = world.engine.deliver_and_crash(&first).await.unwrap();

    assert!(matches!(step.outcome, StepOutcome::Crashed));
    let died = world.recorded(|what| matches!(what, EntryKind::EngineCrashed));
    assert_eq!(died, ["the engine died"]);
    assert!(world.pending().await.is_empty(), "it is still leased");
}

#[tokio::test]
async fn restart_redelivers_what_the_engine_held() {
    let mut world = World::of(table_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;
    assert_eq!(pending_line(&first), "Player Ping 1 #1");
    world.engine.restart().unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        world.stored_lines().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn expired_lease_redelivers_the_message() {
    let mut world = World::of(table_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    assert_eq!(world.pending().await, ["Player Ping 1 #1"]);

    world.clock.advance(Duration::from_secs(120));

    assert_eq!(world.pending().await, ["Player Ping 1 #2"]);
}

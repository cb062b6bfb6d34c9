//! Single deliveries in any order, and restarts of the engine.

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, handler::Source, record::EntryKind,
    testing::StepOutcome, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, Player, World, fail_first_attempts, pending_line, ping_domain},
    fixture::{CallLog, Ping, ping, pong},
};

fn two_handlers_domain(calls: &CallLog) -> DomainBuilder {
    ping_domain(Source::Broker)
        .event_handler(Listener(calls.clone()))
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
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world
        .app
        .publish((ping("1"), pong("1"), ping("1")))
        .await
        .unwrap();

    assert_eq!(world.pending().await, ["Player Ping 1 #1"]);
}

#[tokio::test]
async fn pending_can_be_delivered_in_any_order() {
    let calls = CallLog::default();
    let mut world = World::of(two_handlers_domain(&calls));
    world.publish_pings(["1", "2"]).await;
    let pending = world.engine.pending().await.unwrap();

    let last = world.engine.deliver(&pending[2]).await.unwrap();
    let first = world.engine.deliver(&pending[0]).await.unwrap();

    assert_eq!(calls.take(), ["Listener 2", "Listener 1"]);
    assert_eq!(
        (last.handler, first.handler),
        (Some("Listener"), Some("Listener"))
    );
    assert_eq!(
        world.pending().await,
        ["Player Ping 1 #1", "Player Ping 2 #1"]
    );
}

#[tokio::test]
async fn step_reports_its_outcome() {
    let domain = two_handlers_domain(&CallLog::default());
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Listener", "table-1", 1))
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
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;
    let _ = world.engine.deliver(&first).await.unwrap();

    let err = world.engine.deliver(&first).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"Ping 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 is not pending for Player: call `pending()` again");
}

#[tokio::test]
async fn ids_do_not_depend_on_the_order_of_delivery() {
    let mut first = World::of(ping_domain(Source::Broker).event_handler(Player));
    let mut second = World::of(ping_domain(Source::Broker).event_handler(Player));
    first.publish_pings(["1", "2"]).await;
    second.publish_pings(["1", "2"]).await;

    let in_order = first.engine.pending().await.unwrap();
    let _ = first.engine.deliver(&in_order[0]).await.unwrap();
    let _ = first.engine.deliver(&in_order[1]).await.unwrap();
    let reversed = second.engine.pending().await.unwrap();
    let _ = second.engine.deliver(&reversed[1]).await.unwrap();
    let _ = second.engine.deliver(&reversed[0]).await.unwrap();

    let (first, second) = (first.events().await, second.events().await);
    assert_eq!(first[2].stream().id(), "1");
    assert_eq!(first[2].metadata().id, second[3].metadata().id);
    assert_eq!(first[3].metadata().id, second[2].metadata().id);
}

/// Counts its calls since it was built.
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

fn counter_domain(calls: &CallLog) -> DomainBuilder {
    ping_domain(Source::Broker).event_handler(Counter(calls.clone(), 0.into()))
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
    let calls = CallLog::default();

    run_with_restart(World::of(counter_domain(&calls))).await;

    assert_eq!(calls.take(), ["0 before", "1 before"]);
}

#[tokio::test]
async fn restart_rebuilds_handlers_with_rebuild_with() {
    let calls = CallLog::default();
    let mut world = World::of(counter_domain(&calls));
    let rebuilt_calls = calls.clone();
    world.engine = world
        .engine
        .rebuild_with(move || counter_domain(&rebuilt_calls).build());

    run_with_restart(world).await;

    assert_eq!(calls.take(), ["0 before", "0 before"]);
}

#[tokio::test]
async fn crash_of_the_engine_is_recorded() {
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;

    let step = world.engine.deliver_and_crash(&first).await.unwrap();

    assert!(matches!(step.outcome, StepOutcome::Crashed));
    let crashes = world.entry_lines(|kind| matches!(kind, EntryKind::EngineCrashed));
    assert_eq!(crashes, ["the engine crashed"]);
    assert_eq!(world.pending().await, ["Player Ping 1 #2"]);
}

#[tokio::test]
async fn restart_redelivers_what_the_engine_held() {
    let mut world = World::of(ping_domain(Source::Broker).event_handler(Player));
    world.publish_pings(["1"]).await;
    let first = world.next_pending("Player").await;
    assert_eq!(pending_line(&first), "Player Ping 1 #1");
    world.engine.restart().unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

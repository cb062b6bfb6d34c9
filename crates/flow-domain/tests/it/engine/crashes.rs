//! Engines that crash or restart in the middle of a run.

use std::sync::Arc;

use flow_domain::{
    Error,
    handler::Source,
    message::Envelope,
    record::EntryKind,
    testing::{EngineAction, Interceptor},
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, Player, World, ping_domain},
    fixture::CallLog,
};

/// Interrupts the engine after the first attempt of `Player` with the first ping.
#[derive(Debug)]
struct ActionAfterFirst(EngineAction);

impl Interceptor for ActionAfterFirst {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn after(
        &self,
        handler: Option<&'static str>,
        message: &Envelope,
        attempt: u32,
        _: bool,
    ) -> EngineAction {
        match (handler, message.metadata.stream.id(), attempt) {
            (Some("Player"), "1", 1) => self.0,
            _ => EngineAction::Continue,
        }
    }
}

async fn run_with_action(source: Source, after: EngineAction) -> (World, Vec<String>) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .event_handler(Player)
        .event_handler(Listener(calls.clone()));
    let mut world = World::with_app(domain, |app| {
        app.interceptor(Arc::new(ActionAfterFirst(after)))
    });

    world.publish_pings(["1", "2"]).await;
    assert!(world.run().await.remaining.is_quiet());
    (world, calls.take())
}

#[tokio::test]
async fn restart_loses_nothing_and_repeats_nothing() {
    let (mut world, calls) = run_with_action(Source::Broker, EngineAction::Restart).await;

    assert_eq!(calls, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_event_names().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
    assert_eq!(world.app.now(), flow_domain::clock::VirtualClock::START);
    let restarted = world.entry_lines(|kind| matches!(kind, EntryKind::EngineRestarted));
    assert_eq!(restarted.len(), 1);
}

#[tokio::test]
async fn restart_reads_the_store_from_the_ledger() {
    let (world, calls) = run_with_action(Source::EventStore, EngineAction::Restart).await;

    assert_eq!(calls, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_event_names().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
}

#[tokio::test]
async fn crash_redelivers_held_messages_and_moves_no_time() {
    let (world, calls) = run_with_action(Source::Broker, EngineAction::Crash).await;

    assert_eq!(calls, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_event_names().await[2..],
        ["Pong in table-1", "Pong in table-1", "Pong in table-2"]
    );
    assert_eq!(world.app.now(), flow_domain::clock::VirtualClock::START);
}

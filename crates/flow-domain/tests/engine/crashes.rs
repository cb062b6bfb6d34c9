//! Engines that die or restart where a test says so, in the middle of a run.

use std::sync::Arc;

use flow_domain::{
    Error,
    handler::{EngineAction, Interceptor, Source},
    message::Envelope,
    record::EntryKind,
};
use pretty_assertions::assert_eq;

use crate::fixture::{CallLog, Listener, Player, World, table_domain};

/// Interrupts the engine after the first attempt of the player with the first ball.
#[derive(Debug)]
struct ActionAfterFirst(EngineAction);

impl Interceptor for ActionAfterFirst {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn after(&self, handler: &'static str, message: &Envelope, attempt: u32) -> EngineAction {
        match (handler, message.metadata.stream.id(), attempt) {
            ("Player", "1", 1) => self.0,
            _ => EngineAction::Continue,
        }
    }
}

async fn run_with_action(source: Source, after: EngineAction) -> (World, Vec<String>) {
    let heard = CallLog::default();
    let domain = table_domain(source)
        .event_handler(Player)
        .event_handler(Listener(heard.clone()));
    let mut world = World::with_app(domain, |app| {
        app.interceptor(Arc::new(ActionAfterFirst(after)))
    });
    world.publish_pings(["1", "2"]).await;
    assert!(world.run().await.remaining.is_quiet());
    (world, heard.take())
}

#[tokio::test]
async fn restart_loses_nothing_and_repeats_nothing() {
    let (mut world, heard) = run_with_action(Source::Broker, EngineAction::Restart).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_lines().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
    assert_eq!(world.app.now(), flow_domain::clock::VirtualClock::START);
    let restarted = world.recorded(|what| matches!(what, EntryKind::EngineRestarted));
    assert_eq!(restarted.len(), 1);
}

#[tokio::test]
async fn restart_reads_the_store_from_the_checkpoint() {
    let (world, heard) = run_with_action(Source::EventStore, EngineAction::Restart).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_lines().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
}

#[tokio::test]
async fn crash_redelivers_held_messages_after_the_lease() {
    let (world, heard) = run_with_action(Source::Broker, EngineAction::Crash).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored_lines().await[2..],
        ["Pong in table-1", "Pong in table-1", "Pong in table-2"]
    );
}

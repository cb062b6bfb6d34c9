//! Engines that die or restart where a test says so, in the middle of a run.

use std::sync::Arc;

use flow_domain::{
    Error,
    handler::{AfterAttempt, Interceptor, Source},
    message::Envelope,
    record::Happening,
};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, Listener, Player, World, table};

/// Interrupts the engine after the first attempt of the player with the first ball.
#[derive(Debug)]
struct After(AfterAttempt);

impl Interceptor for After {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn after(&self, handler: &'static str, message: &Envelope, attempt: u32) -> AfterAttempt {
        match (handler, message.metadata.stream.id(), attempt) {
            ("Player", "1", 1) => self.0,
            _ => AfterAttempt::GoOn,
        }
    }
}

async fn run(source: Source, after: AfterAttempt) -> (World, Vec<String>) {
    let heard = Heard::default();
    let domain = table(source)
        .event_handler(Player)
        .event_handler(Listener(heard.clone()));
    let mut world = World::with(domain, |app| app.interceptor(Arc::new(After(after))));
    world.pings(["1", "2"]).await;
    assert!(world.run().await.left.is_quiet());
    (world, heard.take())
}

#[tokio::test]
async fn after_a_restart_nothing_is_lost_and_nothing_comes_twice() {
    let (mut world, heard) = run(Source::Broker, AfterAttempt::Restart).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
    assert_eq!(world.app.now(), flow_domain::clock::VirtualClock::START);
    let restarted = world.tell(|what| matches!(what, Happening::EngineRestarted));
    assert_eq!(restarted.len(), 1);
}

#[tokio::test]
async fn after_a_restart_the_store_is_read_from_the_checkpoint() {
    let (world, heard) = run(Source::EventStore, AfterAttempt::Restart).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored().await[2..],
        ["Pong in table-1", "Pong in table-2"]
    );
}

#[tokio::test]
async fn what_an_engine_held_when_it_died_comes_after_the_lease() {
    let (world, heard) = run(Source::Broker, AfterAttempt::Die).await;

    assert_eq!(heard, ["Listener 1", "Listener 2"]);
    assert_eq!(
        world.stored().await[2..],
        ["Pong in table-1", "Pong in table-1", "Pong in table-2"]
    );
}

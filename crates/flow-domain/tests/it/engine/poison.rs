//! A message that kills its process is found, and becomes a dead letter.

use std::sync::Arc;

use flow_domain::{
    Error, RetryPolicy,
    handler::Source,
    message::Envelope,
    testing::{EngineAction, Interceptor},
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, World, ping_domain},
    fixture::{CallLog, ping},
};

/// Crashes the engine after each attempt with a message of these streams.
#[derive(Debug)]
struct KillerStreams(&'static [&'static str]);

impl Interceptor for KillerStreams {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn after(&self, _: Option<&'static str>, message: &Envelope, _: u32, _: bool) -> EngineAction {
        let id = message.metadata.stream.id();
        if self.0.contains(&id) {
            EngineAction::Crash
        } else {
            EngineAction::Continue
        }
    }
}

async fn check(source: Source) {
    let calls = CallLog::default();
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::attempts(3).jitter_percent(0));
        })
        .event_handler(Listener(calls.clone()));
    let mut world = World::with_app(domain, |app| {
        app.interceptor(Arc::new(KillerStreams(&["bad"])))
    });
    let pings = (ping("1"), ping("bad"), ping("2"), ping("bad"), ping("3"));
    world.app.publish(pings).await.unwrap();

    let report = world.run().await;

    // Each of the two messages kills three times, and is not tried a fourth time.
    let calls = calls.take();
    let n_bad = calls.iter().filter(|call| *call == "Listener bad").count();
    assert_eq!(n_bad, 3 + 3);
    for good in ["Listener 1", "Listener 2", "Listener 3"] {
        assert!(calls.iter().any(|call| call == good), "{good}");
    }
    let letter = "Listener: the message killed its process in each of 3 attempts";
    assert_eq!(world.dead_letter_lines().await, [letter, letter]);
    assert!(report.remaining.is_quiet());
}

#[tokio::test]
async fn message_that_kills_its_process_is_dead_lettered() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn event_that_kills_its_process_is_dead_lettered() {
    check(Source::EventStore).await;
}

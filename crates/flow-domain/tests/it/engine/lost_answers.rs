//! A commit whose answer was lost, and a batch that was published in part.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use flow_domain::{
    Error,
    handler::Source,
    message::{Envelope, MessageId, Recorded, StreamName},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
    record::EntryKind,
    testing::Interceptor,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Listener, Player, World, ping_domain},
    fixture::CallLog,
};

/// Loses the answer to the first commit of `Player`.
#[derive(Debug)]
struct LosesAnswer {
    commits: bool,
    is_lost: AtomicBool,
}

impl Interceptor for LosesAnswer {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn commit<'a>(
        &'a self,
        store: &'a dyn Store,
        changes: &'a Changes,
    ) -> PortFuture<'a, Vec<Recorded>> {
        if changes.writer != "Player" || self.is_lost.swap(true, Ordering::Relaxed) {
            return store.commit(changes);
        }

        PortFuture::boxed(async move {
            if self.commits {
                store.commit(changes).await?;
            }
            Err(Error::unknown("test", "commit", "connection reset"))
        })
    }
}

async fn check_lost_answer(commits: bool, expected_attempts: &[&str]) {
    let domain = ping_domain(Source::Broker).event_handler(Player);
    let mut world = World::with_app(domain, |app| {
        app.interceptor(Arc::new(LosesAnswer {
            commits,
            is_lost: AtomicBool::default(),
        }))
    });
    world.publish_pings(["1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(world.handler_outcomes(), expected_attempts);
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn lost_answer_to_a_commit_is_looked_up() {
    check_lost_answer(true, &["handled"]).await;
}

#[tokio::test]
async fn lost_commit_is_tried_again() {
    let failed = "failed: nobody knows whether commit went through in the test adapter: connection reset; rolled back Pong in table-1";
    check_lost_answer(false, &[failed, "handled"]).await;
}

/// Fails to publish the first message of stream `table-1`, once, and stops its partition there.
#[derive(Debug, Default)]
struct Stumbles {
    has_failed: AtomicBool,
    published: Mutex<Vec<(StreamName, MessageId)>>,
}

impl Interceptor for Stumbles {
    fn before(&self, _: &'static str, _: &Envelope, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn publish<'a>(
        &'a self,
        broker: &'a dyn Broker,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        PortFuture::boxed(async move {
            let mut stopped = BTreeSet::new();
            let mut results = Vec::new();
            for publication in publications {
                let metadata = &publication.envelope.metadata;
                let partition = metadata.stream.partition(broker.n_partitions());
                if stopped.contains(&partition) {
                    results.push(PublishResult::NotTried);
                } else if metadata.stream.id() == "1"
                    && !self.has_failed.swap(true, Ordering::Relaxed)
                {
                    stopped.insert(partition);
                    let err = Error::adapter("test", "publish", "connection reset");
                    results.push(PublishResult::Failed(err));
                } else {
                    let published = (metadata.stream.clone(), metadata.id);
                    self.published.lock().unwrap().push(published);
                    results.extend(broker.publish(std::slice::from_ref(publication)).await?);
                }
            }
            Ok(results)
        })
    }
}

#[tokio::test]
async fn failed_publication_keeps_the_order_of_its_stream() {
    let calls = CallLog::default();
    let stumbles = Arc::new(Stumbles::default());
    let domain = ping_domain(Source::Broker).event_handler(Listener(calls.clone()));
    let mut world = World::with_app(domain, |app| app.interceptor(stumbles.clone()));
    world.publish_pings(["1", "1", "2", "1"]).await;

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        calls.take(),
        ["Listener 2", "Listener 1", "Listener 1", "Listener 1"]
    );
    let failed = world.entry_lines(|kind| matches!(kind, EntryKind::PublishFailed { .. }));
    assert_eq!(failed.len(), 1, "what was not tried has not failed");
    let stored: Vec<_> = world
        .events()
        .await
        .iter()
        .map(|event| (event.stream().clone(), event.metadata().id))
        .filter(|(stream, _)| stream.id() == "1")
        .collect();
    let mut published = stumbles.published.lock().unwrap().clone();
    published.retain(|(stream, _)| stream.id() == "1");
    assert_eq!(published, stored);
}

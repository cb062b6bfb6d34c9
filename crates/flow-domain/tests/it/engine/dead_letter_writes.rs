//! A store that fails to write dead letters.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    RetryPolicy,
    adapter::memory::MemoryStore,
    forward_ports,
    handler::Source,
    message::Recorded,
    port::{Changes, PortFuture, Store},
    record::{EntryKind, TableKind},
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Player, World, fail_first_attempts, ping_domain},
    fixture::timeout_error,
};

/// Fails a number of writes of dead letters.
#[derive(Debug)]
struct DeadLetterRefusingStore {
    store: Arc<dyn Store>,
    n_refusals_left: AtomicU32,
}

impl Store for DeadLetterRefusingStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let has_dead_letter = changes
            .writes
            .iter()
            .any(|write| write.table.kind == TableKind::DeadLetter);

        let n_left = self.n_refusals_left.load(Ordering::Relaxed);
        if 0 < n_left && has_dead_letter {
            self.n_refusals_left.store(n_left - 1, Ordering::Relaxed);
            return PortFuture::ready(Err(timeout_error()));
        }
        self.store.commit(changes)
    }
}

forward_ports!(
    DeadLetterRefusingStore: EventStore, AggregateStore, ProjectionStore, Ledger, Outbox
);

async fn check(source: Source) {
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::never());
        })
        .event_handler(Player);
    let full = DeadLetterRefusingStore {
        store: Arc::new(MemoryStore::default()),
        n_refusals_left: 2.into(),
    };
    let faults = fail_first_attempts("Player", "table-1", 9);
    let mut world = World::with_store(Arc::new(full), domain, |app| app.interceptor(faults));
    world.publish_pings(["1", "2"]).await;

    let report = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Player #1 at 0ns",
            "Player #1 at 0ns",
            "Player #1 at 1s",
            "Player #1 at 2s"
        ]
    );
    assert_eq!(report.remaining.dead_letters, 1);
    let exhausted = world.entry_lines(|kind| matches!(kind, EntryKind::RetriesExhausted { .. }));
    assert_eq!(
        exhausted,
        ["Player failed after 1 attempt, retries exhausted: the message became a dead letter"]
    );
}

#[tokio::test]
async fn message_is_retried_if_its_dead_letter_cannot_be_written() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn event_is_retried_if_its_dead_letter_cannot_be_written() {
    check(Source::EventStore).await;
}

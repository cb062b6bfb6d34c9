//! A store that fails to write dead letters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    RetryPolicy,
    adapter::memory::MemoryStore,
    clock::Timestamp,
    handler::Source,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Claim, Condition, Cursor, EventStore, HeldPartition, Ledger,
        Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, ProjectionStore, Query, Row,
        Settlement, Store, StoredState, Turn, TurnResult,
    },
    record::{EntryKind, Table, TableKind},
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Player, World, fail_first_attempts, ping_domain},
    fixture::timeout_error,
};

/// Fails a number of writes of dead letters.
#[derive(Debug)]
struct DeadLetterRefusingStore {
    store: MemoryStore,
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

impl EventStore for DeadLetterRefusingStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_stream(stream, after, limit)
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_category(category, after, limit)
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.store
            .read_partitions(categories, n_partitions, cursors, limit)
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.store.read_at(positions)
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.store.last_position()
    }
}

impl AggregateStore for DeadLetterRefusingStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.store.load(table, id)
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        self.store.forget(age)
    }
}

impl ProjectionStore for DeadLetterRefusingStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.store.get(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        self.store.query(table, query)
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        self.store.count(table, conditions)
    }
}

impl Ledger for DeadLetterRefusingStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        self.store.turn(turn)
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        self.store.release(group, held)
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        self.store.leave(group, member)
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        self.store.ledgers(group)
    }
}

impl Outbox for DeadLetterRefusingStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        self.store.claim(claim)
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        self.store.settle(worker, now, settlements)
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        self.store.rows(states, limit)
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        self.store.next_due(now)
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        self.store.reopen(number, now)
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        self.store.clean_up(state, before)
    }
}

async fn check(source: Source) {
    let domain = ping_domain(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::never());
        })
        .event_handler(Player);
    let full = DeadLetterRefusingStore {
        store: MemoryStore::default(),
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

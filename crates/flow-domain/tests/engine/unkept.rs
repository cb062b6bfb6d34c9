//! A store that cannot keep what was given up on.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    RetryPolicy,
    adapter::memory::MemoryStore,
    clock::Timestamp,
    handler::Source,
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Answer, Changes, Claim, Condition, EventStore, Outbox, OutboxDue,
        OutboxRow, OutboxState, ProjectionStore, Query, Row, Settlement, Store, Stored,
    },
    record::{Happening, Table, TableKind},
};
use pretty_assertions::assert_eq;

use crate::fixture::{Player, World, fails, table, timed_out};

/// Refuses so many dead letters.
#[derive(Debug)]
struct Full {
    store: MemoryStore,
    n_refused: AtomicU32,
}

impl Store for Full {
    fn commit<'a>(&'a self, changes: &'a Changes) -> Answer<'a, Vec<Recorded>> {
        let mut writes = changes.writes.iter();
        let left = self.n_refused.load(Ordering::Relaxed);
        if 0 < left && writes.any(|write| write.table.kind == TableKind::DeadLetter) {
            self.n_refused.store(left - 1, Ordering::Relaxed);
            return Answer::ready(Err(timed_out()));
        }
        self.store.commit(changes)
    }
}

impl EventStore for Full {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        self.store.read_stream(stream, after, limit)
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        self.store.read_category(category, after, limit)
    }

    fn last_position(&self) -> Answer<'_, Position> {
        self.store.last_position()
    }
}

impl AggregateStore for Full {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        self.store.load(table, id)
    }
}

impl ProjectionStore for Full {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        self.store.get(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> Answer<'a, Vec<Row>> {
        self.store.query(table, query)
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> Answer<'a, usize> {
        self.store.count(table, conditions)
    }
}

impl Outbox for Full {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> Answer<'a, Vec<OutboxRow>> {
        self.store.claim(claim)
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> Answer<'a, ()> {
        self.store.settle(worker, now, settlements)
    }

    fn rows<'a>(&'a self, states: &'a [OutboxState], limit: usize) -> Answer<'a, Vec<OutboxRow>> {
        self.store.rows(states, limit)
    }

    fn next_due(&self, now: Timestamp) -> Answer<'_, OutboxDue> {
        self.store.next_due(now)
    }

    fn reopen(&self, number: u64, now: Timestamp) -> Answer<'_, bool> {
        self.store.reopen(number, now)
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> Answer<'_, usize> {
        self.store.clean_up(state, before)
    }
}

async fn check(source: Source) {
    let domain = table(source)
        .subscriptions(|all| {
            all.retry(RetryPolicy::never());
        })
        .event_handler(Player);
    let full = Full {
        store: MemoryStore::default(),
        n_refused: 2.into(),
    };
    let faults = fails("Player", "table-1", 9);
    let mut world = World::on(Arc::new(full), domain, |app| app.interceptor(faults));
    world.pings(["1", "2"]).await;

    let settled = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Player #1 at 0ns",
            "Player #1 at 0ns",
            "Player #1 at 1s",
            "Player #1 at 2s"
        ]
    );
    assert_eq!(settled.left.dead_letters, 1);
    let given_up = world.tell(|what| matches!(what, Happening::GivenUp { .. }));
    assert_eq!(given_up, ["Player gave up after 1: a dead letter"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_as_a_dead_letter_is_held() {
    check(Source::Broker).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_kept_as_a_dead_letter_is_held() {
    check(Source::EventStore).await;
}

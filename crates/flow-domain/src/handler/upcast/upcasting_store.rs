use std::{fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    handler::Catalog,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Claim, Condition, Cursor, EventStore, HeldPartition, Ledger,
        Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, ProjectionStore, Query, Row,
        Settlement, Store, StoredState, Turn, TurnResult,
    },
    record::Table,
};

/// Returns a store whose events are those of today. Without upcasts, it is `store` itself.
pub(crate) fn upcasting(store: &Arc<dyn Store>, catalog: &Arc<Catalog>) -> Arc<dyn Store> {
    if catalog.upcasts.is_empty() {
        return Arc::clone(store);
    }

    Arc::new(UpcastingStore {
        store: Arc::clone(store),
        catalog: Arc::clone(catalog),
    })
}

/// A store that upcasts each event that is read.
///
/// An event whose step fails is returned as it is stored, so that it does not hide the others.
struct UpcastingStore {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
}

impl UpcastingStore {
    fn make_current<'a>(
        &'a self,
        events: PortFuture<'a, Vec<Recorded>>,
    ) -> PortFuture<'a, Vec<Recorded>> {
        events.map(|mut events| {
            self.catalog.upcasts.make_current(&mut events);
            events
        })
    }
}

/// Writes the inner store: messages name the adapter.
impl fmt::Debug for UpcastingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.store, f)
    }
}

impl EventStore for UpcastingStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_stream(stream, after, limit))
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_category(category, after, limit))
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let store = &self.store;
        self.make_current(store.read_partitions(categories, n_partitions, cursors, limit))
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_at(positions))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.store.last_position()
    }
}

impl Store for UpcastingStore {
    /// Returns the events as they are today. A test may commit events of yesterday.
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.commit(changes))
    }

    fn fork(&self) -> Option<Arc<dyn Store>> {
        self.store
            .fork()
            .map(|store| upcasting(&store, &self.catalog))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.store.close()
    }
}

// Everything else is passed on as it is.

impl AggregateStore for UpcastingStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.store.load(table, id)
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        self.store.forget(age)
    }
}

impl ProjectionStore for UpcastingStore {
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

impl Ledger for UpcastingStore {
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

impl Outbox for UpcastingStore {
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

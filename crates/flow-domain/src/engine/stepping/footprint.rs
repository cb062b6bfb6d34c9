use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Timestamp,
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Answer, Changes, Claim, Condition, EventStore, Outbox, OutboxDue,
        OutboxRow, OutboxState, ProjectionStore, Query, Row, Settlement, Store, Stored,
    },
    record::Table,
};

/// What one step read and wrote. Two steps of which neither writes what the other touches can change
/// places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// What was read, whether it was there or not.
    pub reads: BTreeSet<Touched>,
    /// What was written.
    pub writes: BTreeSet<Touched>,
}

/// Something in a store that was read or written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Touched {
    /// The events of a stream.
    Stream(StreamName),
    /// The events of all streams of a category; of all categories if it is `None`.
    Category(Option<String>),
    /// One state or row.
    Value(Table, Arc<str>),
    /// All rows of a table: a query depends on each of them, and on those that are not there.
    Rows(Table),
    /// What waits to be sent.
    Outbox,
}

impl Touched {
    /// Returns true if the two are the same, or one is a part of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows(all), Self::Value(table, _)) | (Self::Value(table, _), Self::Rows(all)) => {
                all == table
            }
            (Self::Category(category), Self::Stream(stream))
            | (Self::Stream(stream), Self::Category(category)) => category
                .as_ref()
                .is_none_or(|category| category == stream.category()),
            (Self::Category(one), Self::Category(other)) => {
                one.is_none() || other.is_none() || one == other
            }
            (one, other) => one == other,
        }
    }
}

impl Footprint {
    /// Returns true if the order of the two steps may matter: one writes what the other touches.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let meet = |some: &BTreeSet<Touched>, others: &BTreeSet<Touched>| {
            some.iter()
                .any(|one| others.iter().any(|other| one.overlaps(other)))
        };
        meet(&self.writes, &other.writes)
            || meet(&self.writes, &other.reads)
            || meet(&self.reads, &other.writes)
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(stream) => write!(f, "stream {stream}"),
            Self::Category(Some(category)) => write!(f, "category {category}"),
            Self::Category(None) => f.write_str("all events"),
            Self::Value(table, id) => write!(f, "{table} {id:?}"),
            Self::Rows(table) => write!(f, "all of {table}"),
            Self::Outbox => f.write_str("the outbox"),
        }
    }
}

/// A store that notes what is read and written through it.
#[derive(Debug)]
pub(in crate::engine) struct WatchedStore {
    store: Arc<dyn Store>,
    seen: Mutex<Footprint>,
}

impl WatchedStore {
    pub(in crate::engine) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Footprint> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out what was noted since the last time.
    pub(in crate::engine) fn take(&self) -> Footprint {
        std::mem::take(&mut self.seen())
    }

    fn reads(&self, what: Touched) {
        self.seen().reads.insert(what);
    }
}

impl EventStore for WatchedStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        self.reads(Touched::Stream(stream.clone()));
        self.store.read_stream(stream, after, limit)
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        self.reads(Touched::Category(category.map(str::to_owned)));
        self.store.read_category(category, after, limit)
    }

    fn last_position(&self) -> Answer<'_, Position> {
        self.reads(Touched::Category(None));
        self.store.last_position()
    }
}

impl AggregateStore for WatchedStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        self.reads(Touched::Value(table, id.into()));
        self.store.load(table, id)
    }
}

impl ProjectionStore for WatchedStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        self.reads(Touched::Value(table, id.into()));
        self.store.get(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> Answer<'a, Vec<Row>> {
        self.reads(Touched::Rows(table));
        self.store.query(table, query)
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> Answer<'a, usize> {
        self.reads(Touched::Rows(table));
        self.store.count(table, conditions)
    }
}

impl Outbox for WatchedStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> Answer<'a, Vec<OutboxRow>> {
        self.reads(Touched::Outbox);
        self.store.claim(claim)
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> Answer<'a, ()> {
        self.seen().writes.insert(Touched::Outbox);
        self.store.settle(worker, now, settlements)
    }

    fn rows<'a>(&'a self, states: &'a [OutboxState], limit: usize) -> Answer<'a, Vec<OutboxRow>> {
        self.reads(Touched::Outbox);
        self.store.rows(states, limit)
    }

    fn next_due(&self, now: Timestamp) -> Answer<'_, OutboxDue> {
        self.store.next_due(now)
    }

    fn reopen(&self, number: u64, now: Timestamp) -> Answer<'_, bool> {
        self.seen().writes.insert(Touched::Outbox);
        self.store.reopen(number, now)
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> Answer<'_, usize> {
        self.seen().writes.insert(Touched::Outbox);
        self.store.clean_up(state, before)
    }
}

impl Store for WatchedStore {
    fn close(&self) -> Answer<'_, ()> {
        self.store.close()
    }

    fn commit<'a>(&'a self, changes: &'a Changes) -> Answer<'a, Vec<Recorded>> {
        let mut seen = self.seen();
        for event in &changes.events {
            let stream = event.metadata.stream.clone();
            seen.writes.insert(Touched::Stream(stream));
        }
        for write in &changes.writes {
            let id = Arc::clone(&write.id);
            seen.writes.insert(Touched::Value(write.table, id));
        }
        // Events are sent as well, but where they go does not depend on what else is sent.
        let sends_commands = changes.events.len() < changes.outgoing.len();
        if sends_commands || !changes.cancelled.is_empty() {
            seen.writes.insert(Touched::Outbox);
        }
        drop(seen);
        self.store.commit(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::TableKind;

    const ORDERS: Table = Table::new(TableKind::Aggregate, "Order");
    const STOCK: Table = Table::new(TableKind::Aggregate, "Stock");

    #[track_caller]
    fn check(one: Touched, other: Touched, expected: bool) {
        assert_eq!(one.overlaps(&other), expected);
        assert_eq!(other.overlaps(&one), expected);
    }

    fn stream(name: &str) -> Touched {
        Touched::Stream(name.parse().expect("a good name"))
    }

    #[test]
    fn a_query_depends_on_every_row_of_its_table() {
        check(
            Touched::Rows(ORDERS),
            Touched::Value(ORDERS, "7".into()),
            true,
        );
        check(
            Touched::Rows(ORDERS),
            Touched::Value(STOCK, "7".into()),
            false,
        );
        check(
            Touched::Value(ORDERS, "7".into()),
            Touched::Value(ORDERS, "8".into()),
            false,
        );
    }

    #[test]
    fn a_category_depends_on_its_streams() {
        let order = || Touched::Category(Some("order".into()));

        check(order(), stream("order-7"), true);
        check(order(), stream("stock-7"), false);
        check(Touched::Category(None), stream("stock-7"), true);
        check(order(), Touched::Category(None), true);
    }

    #[test]
    fn two_steps_that_only_read_the_same_can_change_places() {
        let reader = Footprint {
            reads: BTreeSet::from([stream("order-7")]),
            ..Footprint::default()
        };
        let writer = Footprint {
            writes: BTreeSet::from([stream("order-7")]),
            ..Footprint::default()
        };

        assert!(!reader.conflicts_with(&reader));
        assert!(reader.conflicts_with(&writer));
        assert!(writer.conflicts_with(&writer));
    }
}

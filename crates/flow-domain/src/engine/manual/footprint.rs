use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Condition, Cursor, EventStore, PortFuture, ProjectionStore, Query,
        Row, Store, StoredState, TableChange,
    },
    record::Table,
};

/// What one delivery read and wrote.
///
/// Two deliveries can change places if neither writes what the other reads or writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// The items that were read, including those that did not exist.
    pub reads: BTreeSet<FootprintItem>,
    /// The items that were written.
    pub writes: BTreeSet<FootprintItem>,
}

/// A part of a store that was read or written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FootprintItem {
    /// The events of a stream.
    Stream(StreamName),
    /// The events of all streams of a category; `None` means all categories.
    Category(Option<String>),
    /// One state or row.
    Value(Table, Arc<str>),
    /// All rows of a table. A query depends on each of them, and also on rows that do not exist
    /// yet.
    Rows(Table),
    /// The unsent messages.
    Outbox,
}

impl FootprintItem {
    /// Returns true if the two items are the same, or one is part of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows(queried), Self::Value(table, _))
            | (Self::Value(table, _), Self::Rows(queried)) => queried == table,
            (Self::Category(category), Self::Stream(stream))
            | (Self::Stream(stream), Self::Category(category)) => category
                .as_ref()
                .is_none_or(|category| category == stream.category()),
            (Self::Category(category), Self::Category(other_category)) => {
                category.is_none() || other_category.is_none() || category == other_category
            }
            (item, other) => item == other,
        }
    }
}

impl Footprint {
    /// Returns true if the order of the two deliveries may matter: one writes what the other reads
    /// or writes.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let overlap = |items: &BTreeSet<FootprintItem>, others: &BTreeSet<FootprintItem>| {
            items
                .iter()
                .any(|item| others.iter().any(|other| item.overlaps(other)))
        };

        overlap(&self.writes, &other.writes)
            || overlap(&self.writes, &other.reads)
            || overlap(&self.reads, &other.writes)
    }
}

impl fmt::Display for FootprintItem {
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
pub(in crate::engine) struct FootprintStore {
    store: Arc<dyn Store>,
    footprint: Mutex<Footprint>,
}

impl FootprintStore {
    pub(in crate::engine) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            footprint: Mutex::default(),
        }
    }

    fn footprint(&self) -> MutexGuard<'_, Footprint> {
        self.footprint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was noted since the last call, and clears it.
    pub(in crate::engine) fn take(&self) -> Footprint {
        std::mem::take(&mut self.footprint())
    }

    fn note_read(&self, item: FootprintItem) {
        self.footprint().reads.insert(item);
    }
}

impl EventStore for FootprintStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.note_read(FootprintItem::Stream(stream.clone()));
        self.store.read_stream(stream, after, limit)
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.note_read(FootprintItem::Category(category.map(str::to_owned)));
        self.store.read_category(category, after, limit)
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        match categories {
            None => self.note_read(FootprintItem::Category(None)),
            Some(categories) => {
                for category in categories {
                    self.note_read(FootprintItem::Category(Some((*category).to_owned())));
                }
            }
        }
        self.store
            .read_partitions(categories, n_partitions, cursors, limit)
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.note_read(FootprintItem::Category(None));
        self.store.read_at(positions)
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.note_read(FootprintItem::Category(None));
        self.store.last_position()
    }
}

impl AggregateStore for FootprintStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.note_read(FootprintItem::Value(table, id.into()));
        self.store.load(table, id)
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        self.store.forget(age)
    }
}

impl ProjectionStore for FootprintStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.note_read(FootprintItem::Value(table, id.into()));
        self.store.get(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        self.note_read(FootprintItem::Rows(table));
        self.store.query(table, query)
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        self.note_read(FootprintItem::Rows(table));
        self.store.count(table, conditions)
    }

    fn table_version(&self, table: Table) -> PortFuture<'_, Version> {
        self.note_read(FootprintItem::Rows(table));
        self.store.table_version(table)
    }
}

// What a group has done depends on no other message, so it is no part of the footprint. A handler uses the
// outbox by commits only.
crate::forward_ports!(FootprintStore: Ledger, Outbox);

impl Store for FootprintStore {
    fn close(&self) -> PortFuture<'_, ()> {
        self.store.close()
    }

    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let mut footprint = self.footprint();
        for event in &changes.events {
            let stream = event.metadata.stream.clone();
            footprint.writes.insert(FootprintItem::Stream(stream));
        }

        for write in &changes.writes {
            let id = Arc::clone(&write.id);
            footprint
                .writes
                .insert(FootprintItem::Value(write.table, id));
        }

        for change in &changes.table_changes {
            let tables = match *change {
                TableChange::Clear(table) => [table, table],
                TableChange::Replace { table, by, .. } => [table, by],
            };
            footprint.writes.extend(tables.map(FootprintItem::Rows));
        }

        // Every event is in `outgoing`, too, but events alone do not count as a write of the
        // outbox. Where they go does not depend on other messages.
        let sends_commands = changes.events.len() < changes.outgoing.len();
        if sends_commands || !changes.cancelled.is_empty() {
            footprint.writes.insert(FootprintItem::Outbox);
        }

        drop(footprint);
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
    fn check(item: FootprintItem, other: FootprintItem, expected: bool) {
        assert_eq!(item.overlaps(&other), expected);
        assert_eq!(other.overlaps(&item), expected);
    }

    fn stream(name: &str) -> FootprintItem {
        FootprintItem::Stream(name.parse().expect("a good name"))
    }

    #[test]
    fn footprint_of_a_query_overlaps_every_row_of_its_table() {
        check(
            FootprintItem::Rows(ORDERS),
            FootprintItem::Value(ORDERS, "7".into()),
            true,
        );
        check(
            FootprintItem::Rows(ORDERS),
            FootprintItem::Value(STOCK, "7".into()),
            false,
        );
        check(
            FootprintItem::Value(ORDERS, "7".into()),
            FootprintItem::Value(ORDERS, "8".into()),
            false,
        );
    }

    #[test]
    fn footprint_of_a_category_overlaps_its_streams() {
        let order = || FootprintItem::Category(Some("order".into()));

        check(order(), stream("order-7"), true);
        check(order(), stream("stock-7"), false);
        check(FootprintItem::Category(None), stream("stock-7"), true);
        check(order(), FootprintItem::Category(None), true);
    }

    #[test]
    fn footprints_that_only_read_do_not_conflict() {
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

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Timestamp,
    error::Error,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Answer, Changes, Claim, Condition, EventStore, Outbox, OutboxDue,
        OutboxRow, OutboxState, ProjectionStore, Query, Row, Settlement, Store, Stored,
    },
    record::Table,
};

/// Where rows are rebuilt: beside the store, so that whoever reads it sees the old ones until all of the
/// new ones are there.
///
/// A projector gets rows by their id and reaches nothing else; nothing else is answered.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// There are few: those of the projections that are rebuilt.
    tables: Mutex<Vec<(Table, Rows)>>,
}

pub(super) type Rows = BTreeMap<Arc<str>, RebuiltRow>;

/// A row, and who wrote it last.
#[derive(Clone, Debug)]
pub(super) struct RebuiltRow {
    pub(super) value: Payload,
    pub(super) handler: &'static str,
}

impl Aside {
    fn lock(&self) -> MutexGuard<'_, Vec<(Table, Rows)>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a projector wrote.
    pub(super) fn keep(
        &self,
        handler: &'static str,
        (table, id): (Table, Arc<str>),
        value: Option<Payload>,
    ) {
        let mut tables = self.lock();
        let place = tables.iter().position(|(other, _)| *other == table);
        let place = place.unwrap_or_else(|| {
            tables.push((table, Rows::new()));
            tables.len() - 1
        });
        let (_, rows) = &mut tables[place];
        match value {
            Some(value) => rows.insert(id, RebuiltRow { value, handler }),
            None => rows.remove(&id),
        };
    }

    /// Takes the rows of a projection.
    pub(super) fn take(&self, table: Table) -> Rows {
        let mut tables = self.lock();
        let found = tables.iter_mut().find(|(other, _)| *other == table);
        found.map_or_else(Rows::new, |(_, rows)| std::mem::take(rows))
    }
}

fn refused<'a, T>() -> Answer<'a, T> {
    let text = "a projector that is rebuilt reaches its rows by their ids and nothing else";
    Answer::ready(Err(Error::setup(text)))
}

impl ProjectionStore for Aside {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        let tables = self.lock();
        let rows = tables.iter().find(|(other, _)| *other == table);
        let row = rows.and_then(|(_, rows)| rows.get(id));
        Answer::ready(Ok(row.map(|row| Stored {
            version: Version::NONE,
            value: row.value.clone(),
        })))
    }

    fn query<'a>(&'a self, _: Table, _: &'a Query) -> Answer<'a, Vec<Row>> {
        refused()
    }

    fn count<'a>(&'a self, _: Table, _: &'a [Condition]) -> Answer<'a, usize> {
        refused()
    }
}

impl AggregateStore for Aside {
    fn load<'a>(&'a self, _: Table, _: &'a str) -> Answer<'a, Option<Stored>> {
        refused()
    }
}

impl EventStore for Aside {
    fn read_stream<'a>(
        &'a self,
        _: &'a StreamName,
        _: Version,
        _: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        refused()
    }

    fn read_category<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Position,
        _: usize,
    ) -> Answer<'a, Vec<Recorded>> {
        refused()
    }

    fn last_position(&self) -> Answer<'_, Position> {
        refused()
    }
}

impl Outbox for Aside {
    fn claim<'a>(&'a self, _: &'a Claim<'a>) -> Answer<'a, Vec<OutboxRow>> {
        refused()
    }

    fn settle<'a>(&'a self, _: &'a str, _: Timestamp, _: &'a [Settlement]) -> Answer<'a, ()> {
        refused()
    }

    fn rows<'a>(&'a self, _: &'a [OutboxState], _: usize) -> Answer<'a, Vec<OutboxRow>> {
        refused()
    }

    fn next_due(&self, _: Timestamp) -> Answer<'_, OutboxDue> {
        refused()
    }

    fn reopen(&self, _: u64, _: Timestamp) -> Answer<'_, bool> {
        refused()
    }

    fn clean_up(&self, _: OutboxState, _: Timestamp) -> Answer<'_, usize> {
        refused()
    }
}

impl Store for Aside {
    fn commit<'a>(&'a self, _: &'a Changes) -> Answer<'a, Vec<Recorded>> {
        refused()
    }
}

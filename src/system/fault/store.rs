use std::sync::Arc;

use flow_domain::{
    Error,
    clock::Timestamp,
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Answer, Changes, Claim, Condition, EventStore, Outbox, OutboxDue,
        OutboxRow, OutboxState, ProjectionStore, Query, Row, Settlement, Store, Stored,
    },
    record::Table,
};

use crate::system::fault::ArmedFaults;

/// A store that refuses what a fault says.
#[derive(Debug)]
pub(crate) struct FaultyStore<S> {
    store: S,
    faults: Arc<ArmedFaults>,
}

impl<S> FaultyStore<S> {
    pub(crate) fn new(store: S, faults: Arc<ArmedFaults>) -> Self {
        Self { store, faults }
    }
}

impl<S: EventStore> EventStore for FaultyStore<S> {
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

impl<S: AggregateStore> AggregateStore for FaultyStore<S> {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>> {
        self.store.load(table, id)
    }
}

impl<S: ProjectionStore> ProjectionStore for FaultyStore<S> {
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

impl<S: Outbox> Outbox for FaultyStore<S> {
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

impl<S: Store> Store for FaultyStore<S> {
    fn close(&self) -> Answer<'_, ()> {
        self.store.close()
    }

    fn commit<'a>(&'a self, changes: &'a Changes) -> Answer<'a, Vec<Recorded>> {
        if self.faults.commit(changes.by) {
            return Answer::ready(Err(Error::conflict(
                changes.by,
                "what it changed",
                "the version that was loaded",
                "a newer one, by a scripted fault",
            )));
        }
        let streams = changes.events.iter().map(|event| &event.metadata.stream);
        match self.faults.append(streams) {
            None if self.faults.overlap().is_closed() => Answer::later(async {
                self.faults.overlap().pass().await;
                self.store.commit(changes).await
            }),
            None => self.store.commit(changes),
            Some(stream) => Answer::ready(Err(Error::conflict(
                changes.by,
                format_args!("stream `{stream}`"),
                "the version that was loaded",
                "a newer one, by a scripted fault",
            ))),
        }
    }
}

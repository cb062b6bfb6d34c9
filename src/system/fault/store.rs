use std::sync::Arc;

use flow_domain::{
    Error,
    clock::Timestamp,
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Claim, Condition, EventStore, Outbox, OutboxDue, OutboxRow,
        OutboxState, PortFuture, ProjectionStore, Query, Row, Settlement, Store, StoredState,
    },
    record::Table,
};

use crate::system::fault::FaultInjector;

/// A store whose commits can fail with a conflict from a fault, and wait at the commit barrier.
#[derive(Debug)]
pub(crate) struct FaultyStore<S> {
    store: S,
    faults: Arc<FaultInjector>,
}

impl<S> FaultyStore<S> {
    pub(crate) fn new(store: S, faults: Arc<FaultInjector>) -> Self {
        Self { store, faults }
    }
}

impl<S: EventStore> EventStore for FaultyStore<S> {
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

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.store.last_position()
    }
}

impl<S: AggregateStore> AggregateStore for FaultyStore<S> {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.store.load(table, id)
    }
}

impl<S: ProjectionStore> ProjectionStore for FaultyStore<S> {
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

impl<S: Outbox> Outbox for FaultyStore<S> {
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

impl<S: Store> Store for FaultyStore<S> {
    fn close(&self) -> PortFuture<'_, ()> {
        self.store.close()
    }

    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        if self.faults.commit_must_conflict(changes.writer) {
            return PortFuture::ready(Err(Error::conflict(
                changes.writer,
                "its changes",
                "the loaded version",
                "a newer version, from a scripted fault",
            )));
        }

        let streams = changes.events.iter().map(|event| &event.metadata.stream);

        match self.faults.conflicting_stream(streams) {
            None if self.faults.commit_barrier().is_closed() => PortFuture::boxed(async {
                self.faults.commit_barrier().wait().await;
                self.store.commit(changes).await
            }),
            None => self.store.commit(changes),
            Some(stream) => PortFuture::ready(Err(Error::conflict(
                changes.writer,
                format_args!("stream `{stream}`"),
                "the loaded version",
                "a newer version, from a scripted fault",
            ))),
        }
    }
}

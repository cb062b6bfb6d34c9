//! A store and a broker that fail while a test switches them to failing.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use flow_domain::{
    Error,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::Timestamp,
    message::{Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Backlog, Broker, Changes, Claim, Condition, EventStore, Outbox, OutboxDue,
        OutboxRow, OutboxState, PortFuture, ProjectionStore, Publication, Query, ReadRequest,
        ReceivedMessage, Row, Settlement, StartFrom, Store, StoredState, Topic,
    },
    record::Table,
};

/// Makes an adapter fail or panic while it is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch {
    is_failing: Arc<AtomicBool>,
    is_panicking: Arc<AtomicBool>,
    closed_adapters: Arc<Mutex<Vec<&'static str>>>,
}

impl Switch {
    pub(crate) fn set_failing(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::SeqCst);
    }

    pub(crate) fn set_panicking(&self, is_panicking: bool) {
        self.is_panicking.store(is_panicking, Ordering::SeqCst);
    }

    /// Returns the adapters for which `close` was called, in order.
    pub(crate) fn closed_adapters(&self) -> Vec<&'static str> {
        self.closed_adapters.lock().unwrap().clone()
    }

    fn close(&self, adapter: &'static str) -> PortFuture<'_, ()> {
        self.closed_adapters.lock().unwrap().push(adapter);
        self.unless_failing(|| PortFuture::ready(Ok(())))
    }

    fn unless_failing<'a, T>(
        &self,
        operation: impl FnOnce() -> PortFuture<'a, T>,
    ) -> PortFuture<'a, T> {
        assert!(
            !self.is_panicking.load(Ordering::SeqCst),
            "the adapter is broken"
        );
        if self.is_failing.load(Ordering::SeqCst) {
            return PortFuture::ready(Err(Error::adapter("flaky", "answer", "connection refused")));
        }
        operation()
    }
}

#[derive(Debug, Default)]
pub(crate) struct FlakyBroker {
    pub(crate) switch: Switch,
    broker: MemoryBroker,
}

impl FlakyBroker {
    pub(crate) fn with_switch(switch: &Switch) -> Self {
        Self {
            switch: switch.clone(),
            broker: MemoryBroker::default(),
        }
    }
}

impl Broker for FlakyBroker {
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<Result<(), Error>>> {
        self.switch
            .unless_failing(|| self.broker.publish(publications))
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(|| self.broker.subscribe(group, topics, start))
    }

    fn read<'a>(&'a self, request: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>> {
        self.switch.unless_failing(|| self.broker.read(request))
    }

    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(|| self.broker.acknowledge(group, message))
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
        due: Timestamp,
        count_attempt: bool,
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(|| self.broker.refuse(group, message, due, count_attempt))
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> PortFuture<'a, Backlog> {
        self.switch
            .unless_failing(|| self.broker.backlog(group, topics))
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> PortFuture<'a, usize> {
        self.switch.unless_failing(|| self.broker.trim(topic, keep))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.switch.close("broker")
    }
}

#[derive(Debug, Default)]
pub(crate) struct FlakyStore {
    pub(crate) switch: Switch,
    store: MemoryStore,
}

impl FlakyStore {
    pub(crate) fn with_switch(switch: &Switch) -> Self {
        Self {
            switch: switch.clone(),
            store: MemoryStore::default(),
        }
    }
}

impl Store for FlakyStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        self.switch.unless_failing(|| self.store.commit(changes))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.switch.close("store")
    }
}

impl EventStore for FlakyStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.switch
            .unless_failing(|| self.store.read_stream(stream, after, limit))
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.switch
            .unless_failing(|| self.store.read_category(category, after, limit))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.switch.unless_failing(|| self.store.last_position())
    }
}

impl AggregateStore for FlakyStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.switch.unless_failing(|| self.store.load(table, id))
    }
}

impl ProjectionStore for FlakyStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.switch.unless_failing(|| self.store.get(table, id))
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        self.switch
            .unless_failing(|| self.store.query(table, query))
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        self.switch
            .unless_failing(|| self.store.count(table, conditions))
    }
}

impl Outbox for FlakyStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        self.switch.unless_failing(|| self.store.claim(claim))
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(|| self.store.settle(worker, now, settlements))
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        self.switch
            .unless_failing(|| self.store.rows(states, limit))
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        self.switch.unless_failing(|| self.store.next_due(now))
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        self.switch
            .unless_failing(|| self.store.reopen(number, now))
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        self.switch
            .unless_failing(|| self.store.clean_up(state, before))
    }
}

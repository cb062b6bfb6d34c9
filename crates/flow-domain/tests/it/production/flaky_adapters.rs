//! A store and a broker that fail while a test switches them to failing.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    Error,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::Timestamp,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Broker, Changes, Claim, Condition, Cursor, EventStore, HeldPartition,
        Ledger, LogMessage, Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, ProjectionStore,
        Publication, PublishResult, Query, Row, Settlement, Store, StoredState, Topic, Turn,
        TurnResult,
    },
    record::Table,
};

use crate::production::fixture::pass_time;

/// Makes an adapter fail, panic or hang while it is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch {
    is_failing: Arc<AtomicBool>,
    is_panicking: Arc<AtomicBool>,
    is_paused: Arc<AtomicBool>,
    has_late_turns: Arc<AtomicBool>,
    closed_adapters: Arc<Mutex<Vec<&'static str>>>,
}

impl Switch {
    pub(crate) fn set_failing(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::SeqCst);
    }

    pub(crate) fn set_panicking(&self, is_panicking: bool) {
        self.is_panicking.store(is_panicking, Ordering::SeqCst);
    }

    /// While turns are late, the answer to a turn comes 15 seconds after the turn.
    pub(crate) fn set_late_turns(&self, are_late: bool) {
        self.has_late_turns.store(are_late, Ordering::SeqCst);
    }

    /// While an engine is paused, its adapters and handlers do not answer, as if its process did not run.
    pub(crate) fn set_paused(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::SeqCst);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::SeqCst)
    }

    /// Waits until the engine is not paused.
    pub(crate) async fn wait_for_pause(&self) {
        while self.is_paused() {
            pass_time(Duration::from_millis(50)).await;
        }
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
        operation: impl FnOnce() -> PortFuture<'a, T> + Send + 'a,
    ) -> PortFuture<'a, T>
    where
        T: Send + Unpin + 'a,
    {
        assert!(
            !self.is_panicking.load(Ordering::SeqCst),
            "the adapter is broken"
        );
        if self.is_failing.load(Ordering::SeqCst) {
            return PortFuture::ready(Err(Error::adapter("flaky", "answer", "connection refused")));
        }
        if self.is_paused() {
            let switch = self.clone();
            return PortFuture::boxed(async move {
                switch.wait_for_pause().await;
                operation().await
            });
        }
        operation()
    }
}

#[derive(Debug)]
pub(crate) struct FlakyBroker {
    pub(crate) switch: Switch,
    broker: Arc<dyn Broker>,
}

impl Default for FlakyBroker {
    fn default() -> Self {
        Self::with_switch(&Switch::default())
    }
}

impl FlakyBroker {
    pub(crate) fn with_switch(switch: &Switch) -> Self {
        Self::over(Arc::new(MemoryBroker::default()), switch)
    }

    pub(crate) fn over(broker: Arc<dyn Broker>, switch: &Switch) -> Self {
        Self {
            switch: switch.clone(),
            broker,
        }
    }
}

impl Broker for FlakyBroker {
    fn n_partitions(&self) -> u32 {
        self.broker.n_partitions()
    }

    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        self.switch
            .unless_failing(move || self.broker.publish(publications))
    }

    fn read<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<LogMessage>> {
        self.switch
            .unless_failing(move || self.broker.read(topics, cursors, limit))
    }

    fn read_at<'a>(
        &'a self,
        topic: &'a Topic,
        partition: u32,
        places: &'a [u64],
    ) -> PortFuture<'a, Vec<LogMessage>> {
        self.switch
            .unless_failing(move || self.broker.read_at(topic, partition, places))
    }

    fn seek_end<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(move || self.broker.seek_end(topics, cursors))
    }

    fn count_after<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a [Cursor],
    ) -> PortFuture<'a, usize> {
        self.switch
            .unless_failing(move || self.broker.count_after(topics, cursors))
    }

    fn trim<'a>(&'a self, topic: &'a Topic, floors: &'a [Cursor]) -> PortFuture<'a, usize> {
        self.switch
            .unless_failing(move || self.broker.trim(topic, floors))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.switch.close("broker")
    }
}

#[derive(Debug)]
pub(crate) struct FlakyStore {
    pub(crate) switch: Switch,
    store: Arc<dyn Store>,
}

impl Default for FlakyStore {
    fn default() -> Self {
        Self::with_switch(&Switch::default())
    }
}

impl FlakyStore {
    pub(crate) fn with_switch(switch: &Switch) -> Self {
        Self::over(Arc::new(MemoryStore::default()), switch)
    }

    pub(crate) fn over(store: Arc<dyn Store>, switch: &Switch) -> Self {
        Self {
            switch: switch.clone(),
            store,
        }
    }
}

impl Store for FlakyStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        self.switch
            .unless_failing(move || self.store.commit(changes))
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
            .unless_failing(move || self.store.read_stream(stream, after, limit))
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.switch
            .unless_failing(move || self.store.read_category(category, after, limit))
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.switch.unless_failing(move || {
            self.store
                .read_partitions(categories, n_partitions, cursors, limit)
        })
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.switch
            .unless_failing(move || self.store.read_at(positions))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.switch
            .unless_failing(move || self.store.last_position())
    }
}

impl AggregateStore for FlakyStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.switch
            .unless_failing(move || self.store.load(table, id))
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        self.switch.unless_failing(move || self.store.forget(age))
    }
}

impl ProjectionStore for FlakyStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.switch
            .unless_failing(move || self.store.get(table, id))
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        self.switch
            .unless_failing(move || self.store.query(table, query))
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        self.switch
            .unless_failing(move || self.store.count(table, conditions))
    }
}

impl Ledger for FlakyStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        let result = self.switch.unless_failing(move || self.store.turn(turn));
        if !self.switch.has_late_turns.load(Ordering::SeqCst) {
            return result;
        }

        PortFuture::boxed(async move {
            let result = result.await;
            pass_time(Duration::from_secs(15)).await;
            result
        })
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(move || self.store.release(group, held))
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(move || self.store.leave(group, member))
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        self.switch
            .unless_failing(move || self.store.ledgers(group))
    }
}

impl Outbox for FlakyStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        self.switch.unless_failing(move || self.store.claim(claim))
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        self.switch
            .unless_failing(move || self.store.settle(worker, now, settlements))
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        self.switch
            .unless_failing(move || self.store.rows(states, limit))
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        self.switch.unless_failing(move || self.store.next_due(now))
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        self.switch
            .unless_failing(move || self.store.reopen(number, now))
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        self.switch
            .unless_failing(move || self.store.clean_up(state, before))
    }
}

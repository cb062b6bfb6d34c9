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
    forward_ports,
    message::{Payload, Recorded},
    port::{
        Broker, Changes, Cursor, HeldPartition, Ledger, LogMessage, PortFuture, Publication,
        PublishResult, Store, Topic, Turn, TurnResult,
    },
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

forward_ports!(
    FlakyStore: EventStore, AggregateStore, ProjectionStore, Outbox;
    |layer, _method, call| layer.switch.unless_failing(call)
);

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

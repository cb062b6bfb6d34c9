use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::DateTime;
use esrs::{
    Aggregate, AggregateState,
    bus::EventBus,
    handler::EventHandler,
    store::{EventStore, EventStoreLockGuard, StoreEvent, UnlockOnDrop},
};
use flow_harness::{CommittedEvents, flow_domain::clock::Timestamp};
use uuid::Uuid;

use crate::{
    execute::{ExecuteError, parse},
    streams::Streams,
};

/// An event store in memory. It tells the harness each event that it commits, and then calls its event handlers
/// and its buses, as the store in PostgreSQL does.
///
/// A clone has the same events, event handlers and buses.
pub struct MemoryStore<A: Aggregate> {
    inner: Arc<Inner<A>>,
}

struct Inner<A: Aggregate> {
    events: CommittedEvents,
    streams: Mutex<Streams<A::Event>>,
    handlers: Mutex<Vec<Arc<dyn EventHandler<A> + Send>>>,
    buses: Mutex<Vec<Arc<dyn EventBus<A> + Send>>>,
}

/// Why a [`MemoryStore`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryStoreError {
    /// Another command has changed the aggregate since it was loaded.
    #[error("another command has changed the aggregate {0} since it was loaded")]
    Conflict(Uuid),
}

/// The lock of an aggregate. It is always free, because a flow executes one command at a time.
struct FreeLock;

impl UnlockOnDrop for FreeLock {}

impl<A> MemoryStore<A>
where
    A: Aggregate,
    A::Event: Clone,
{
    /// Creates an empty store. The harness passes the `events` when a run starts the system.
    pub fn new(events: CommittedEvents) -> Self {
        Self {
            inner: Arc::new(Inner {
                events,
                streams: Mutex::new(Streams::new(A::NAME)),
                handlers: Mutex::default(),
                buses: Mutex::default(),
            }),
        }
    }

    /// Adds an event handler, which is called with each event after its commit. Add them in production's order.
    ///
    /// An `Arc` of an event handler is one, too. So the test can keep a read model to look at it.
    pub fn add_event_handler(&self, handler: impl EventHandler<A> + Send + 'static) {
        lock(&self.inner.handlers).push(Arc::new(handler));
    }

    /// Adds a bus, to which each event is published after the event handlers.
    pub fn add_event_bus(&self, bus: impl EventBus<A> + Send + 'static) {
        lock(&self.inner.buses).push(Arc::new(bus));
    }

    /// Sets the time of the events that are committed from now on, for
    /// [`clock`](flow_harness::SystemUnderTest::clock). Without it, they have the time 1970-01-01.
    pub fn set_time(&self, now: Timestamp) {
        let now = DateTime::from_timestamp_micros(now.as_micros());
        self.streams().set_time(now.unwrap_or_default());
    }

    /// Commits events that happened before, and passes them to these event handlers.
    ///
    /// Pass the read models, and not the event handlers that execute commands: their effects happened before, too.
    ///
    /// # Errors
    ///
    /// Returns an error if `aggregate_id` is no UUID.
    pub async fn put_history(
        &self,
        aggregate_id: &str,
        events: Vec<A::Event>,
        read_models: &[&(dyn EventHandler<A> + Send)],
    ) -> Result<(), ExecuteError<MemoryStoreError>> {
        let committed = self.streams().append(parse(aggregate_id)?, events);

        for event in &committed {
            for read_model in read_models {
                read_model.handle(event).await;
            }
        }
        Ok(())
    }

    fn streams(&self) -> MutexGuard<'_, Streams<A::Event>> {
        lock(&self.inner.streams)
    }

    fn handlers(&self) -> Vec<Arc<dyn EventHandler<A> + Send>> {
        lock(&self.inner.handlers).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl<A> EventStore for MemoryStore<A>
where
    A: Aggregate,
    A::State: Send,
    A::Event: Clone + fmt::Debug + PartialEq + Send + Sync + 'static,
{
    type Aggregate = A;
    type Error = MemoryStoreError;

    async fn lock(&self, _aggregate_id: Uuid) -> Result<EventStoreLockGuard, MemoryStoreError> {
        Ok(EventStoreLockGuard::new(FreeLock))
    }

    async fn by_aggregate_id(
        &self,
        aggregate_id: Uuid,
    ) -> Result<Vec<StoreEvent<A::Event>>, MemoryStoreError> {
        Ok(self.streams().load(aggregate_id))
    }

    async fn persist(
        &self,
        aggregate_state: &mut AggregateState<A::State>,
        events: Vec<A::Event>,
    ) -> Result<Vec<StoreEvent<A::Event>>, MemoryStoreError> {
        let aggregate_id = *aggregate_state.id();
        let committed = {
            let mut streams = self.streams();
            if streams.last(aggregate_id) != *aggregate_state.sequence_number() {
                return Err(MemoryStoreError::Conflict(aggregate_id));
            }
            streams.append(aggregate_id, events)
        };

        for _ in &committed {
            aggregate_state.next_sequence_number();
        }

        // All of them were committed before the first event handler is called.
        for event in &committed {
            self.inner.events.add(aggregate_id, event.payload.clone());
        }

        for event in &committed {
            for handler in self.handlers() {
                handler.handle(event).await;
            }
        }
        self.publish(&committed).await;
        Ok(committed)
    }

    async fn publish(&self, events: &[StoreEvent<A::Event>]) {
        let buses = lock(&self.inner.buses).clone();
        for bus in buses {
            for event in events {
                bus.publish(event).await;
            }
        }
    }

    async fn delete(&self, aggregate_id: Uuid) -> Result<(), MemoryStoreError> {
        self.streams().delete(aggregate_id);
        for handler in self.handlers() {
            handler.delete(aggregate_id).await;
        }

        Ok(())
    }
}

impl<A: Aggregate> Clone for MemoryStore<A> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<A: Aggregate> fmt::Debug for MemoryStore<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("aggregate", &A::NAME)
            .finish_non_exhaustive()
    }
}

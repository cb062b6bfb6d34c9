use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use esrs::{Aggregate, bus::EventBus, handler::EventHandler, store::StoreEvent};
use flow_harness::WorkerStep;

use crate::streams::copy;

/// A bus in memory with one consumer, in place of the bus of production.
///
/// A clone has the same queue and consumer.
pub struct MemoryBus<A: Aggregate> {
    inner: Arc<Inner<A>>,
}

struct Inner<A: Aggregate> {
    queue: Mutex<VecDeque<StoreEvent<A::Event>>>,
    handlers: Vec<Box<dyn EventHandler<A> + Send>>,
}

impl<A> MemoryBus<A>
where
    A: Aggregate,
{
    /// Creates an empty bus, whose consumer calls these event handlers.
    pub fn new(handlers: Vec<Box<dyn EventHandler<A> + Send>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                queue: Mutex::default(),
                handlers,
            }),
        }
    }

    /// Passes the next event to the consumer, for [`worker`](flow_harness::SystemUnderTest::worker).
    pub async fn step(&self) -> WorkerStep {
        let next = self.queue().pop_front();
        let Some(event) = next else {
            return WorkerStep::Idle;
        };

        for handler in &self.inner.handlers {
            handler.handle(&event).await;
        }
        WorkerStep::Worked
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<StoreEvent<A::Event>>> {
        let queue = self.inner.queue.lock();
        queue.unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<A> EventBus<A> for MemoryBus<A>
where
    A: Aggregate,
    A::Event: Clone + Send + Sync,
{
    async fn publish(&self, event: &StoreEvent<A::Event>) {
        self.queue().push_back(copy(event));
    }
}

impl<A: Aggregate> Clone for MemoryBus<A> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<A: Aggregate> fmt::Debug for MemoryBus<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBus")
            .field("aggregate", &A::NAME)
            .field("n_events", &self.queue().len())
            .finish_non_exhaustive()
    }
}

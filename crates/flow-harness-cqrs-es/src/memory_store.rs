use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};

/// An event store in memory. It prints nothing, and refuses a commit that would overwrite another.
///
/// A clone has the same events.
pub struct MemoryStore<A: Aggregate> {
    events: Arc<Mutex<Streams<A>>>,
}

type Streams<A> = BTreeMap<String, Vec<EventEnvelope<A>>>;

/// An aggregate that a [`MemoryStore`] has loaded.
#[derive(Debug)]
pub struct MemoryContext<A> {
    aggregate_id: String,
    aggregate: A,
    /// The sequence number of its last event.
    sequence: usize,
}

impl<A: Aggregate> MemoryStore<A> {
    fn lock(&self) -> MutexGuard<'_, Streams<A>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, aggregate_id: &str) -> Vec<EventEnvelope<A>> {
        self.lock().get(aggregate_id).cloned().unwrap_or_default()
    }
}

impl<A: Aggregate> EventStore<A> for MemoryStore<A> {
    type AC = MemoryContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        Ok(self.load(aggregate_id))
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<MemoryContext<A>, AggregateError<A::Error>> {
        let mut context = MemoryContext {
            aggregate_id: aggregate_id.to_owned(),
            aggregate: A::default(),
            sequence: 0,
        };
        for event in self.load(aggregate_id) {
            context.sequence = event.sequence;
            context.aggregate.apply(event.payload);
        }

        Ok(context)
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: MemoryContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let MemoryContext {
            aggregate_id,
            sequence,
            ..
        } = context;
        let mut streams = self.lock();
        let stream = streams.entry(aggregate_id.clone()).or_default();
        if stream.len() != sequence {
            return Err(AggregateError::AggregateConflict);
        }

        let numbered = (sequence + 1..).zip(events);
        let committed: Vec<EventEnvelope<A>> = numbered
            .map(|(sequence, payload)| EventEnvelope {
                aggregate_id: aggregate_id.clone(),
                sequence,
                payload,
                metadata: metadata.clone(),
            })
            .collect();
        stream.extend(committed.iter().cloned());
        Ok(committed)
    }
}

impl<A: Aggregate> AggregateContext<A> for MemoryContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A: Aggregate> Default for MemoryStore<A> {
    fn default() -> Self {
        Self {
            events: Arc::default(),
        }
    }
}

impl<A: Aggregate> Clone for MemoryStore<A> {
    fn clone(&self) -> Self {
        Self {
            events: Arc::clone(&self.events),
        }
    }
}

impl<A: Aggregate> fmt::Debug for MemoryStore<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams = self.lock();
        let lengths = streams.iter().map(|(id, events)| (id, events.len()));
        f.debug_map().entries(lengths).finish()
    }
}

use std::collections::HashMap;

use cqrs_es::{Aggregate, AggregateError, EventEnvelope, EventStore, Query};
use flow_harness::CommittedEvents;

/// Wraps an event store, and tells the harness each event that it commits.
///
/// The record then has the events in the order of the commits, also those of aggregates that a query calls.
#[derive(Clone, Debug)]
pub struct RecordedStore<ES> {
    store: ES,
    events: CommittedEvents,
}

impl<ES> RecordedStore<ES> {
    /// Wraps `store`. The harness passes the `events` when a run starts the system.
    pub fn new(store: ES, events: CommittedEvents) -> Self {
        Self { store, events }
    }

    /// Commits events that happened before, and passes them to these queries.
    ///
    /// Pass the read models, and not the queries that execute other commands: their effects happened before, too.
    ///
    /// # Errors
    ///
    /// Returns the error of the store.
    pub async fn put_history<A>(
        &self,
        aggregate_id: &str,
        events: Vec<A::Event>,
        read_models: &[&dyn Query<A>],
    ) -> Result<(), AggregateError<A::Error>>
    where
        A: Aggregate,
        ES: EventStore<A>,
        ES::AC: Send,
    {
        let context = self.store.load_aggregate(aggregate_id).await?;
        let committed = self.store.commit(events, context, HashMap::new()).await?;

        for read_model in read_models {
            read_model.dispatch(aggregate_id, &committed).await;
        }
        Ok(())
    }
}

impl<A, ES> EventStore<A> for RecordedStore<ES>
where
    A: Aggregate,
    A::Event: 'static,
    ES: EventStore<A>,
    ES::AC: Send,
{
    type AC = ES::AC;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.store.load_events(aggregate_id).await
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<Self::AC, AggregateError<A::Error>> {
        self.store.load_aggregate(aggregate_id).await
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let committed = self.store.commit(events, context, metadata).await?;
        for event in &committed {
            self.events.add(&event.aggregate_id, event.payload.clone());
        }

        Ok(committed)
    }
}

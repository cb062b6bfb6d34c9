use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use disintegrate::{
    BoxDynError, Event, EventId, EventStore, PersistedEvent, StreamItem, StreamQuery,
};
use flow_harness::CommittedEvents;
use futures::stream::BoxStream;

use crate::address_of;

/// Wraps an event store, and tells the harness each event that it commits.
///
/// The record has the events in the order of the commits, under their [addresses](address_of).
#[derive(Clone, Debug)]
pub struct RecordedStore<ES> {
    store: ES,
    events: CommittedEvents,
}

/// The test addresses an event by something else than its domain ids.
#[derive(thiserror::Error)]
#[error(
    "the domain ids of {event} are {expected:?}, not {found:?}: write `at_ids({event} {{ .. }})`"
)]
struct WrongAddress {
    event: &'static str,
    expected: String,
    found: String,
}

/// The report shows it.
impl fmt::Debug for WrongAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<ES> RecordedStore<ES> {
    /// Wraps `store`. The harness passes the `events` when a run starts the system.
    pub fn new(store: ES, events: CommittedEvents) -> Self {
        Self { store, events }
    }

    /// Appends events that happened before, without the decisions that led to them.
    ///
    /// The listeners see them as any other events. See
    /// [`ListenerWorker::skip_history`](crate::ListenerWorker::skip_history).
    ///
    /// # Errors
    ///
    /// Returns an error if `id` is not the [address](address_of) of the events, or if the store fails.
    pub async fn put_history<ID, E>(&self, id: &str, events: Vec<E>) -> Result<(), BoxDynError>
    where
        ID: EventId,
        E: Event + Clone + Send + Sync + 'static,
        ES: EventStore<ID, E>,
        ES::Error: StdError + 'static,
    {
        if let Some(event) = events.iter().find(|event| address_of(*event) != id) {
            return Err(Box::new(WrongAddress {
                event: event.name(),
                expected: address_of(event),
                found: id.to_owned(),
            }));
        }

        self.store.append_without_validation(events).await?;
        Ok(())
    }

    fn record<ID, E>(&self, committed: &[PersistedEvent<ID, E>])
    where
        ID: EventId,
        E: Event + Clone + fmt::Debug + PartialEq + Send + 'static,
    {
        for event in committed {
            self.events.add(address_of(&**event), E::clone(event));
        }
    }
}

#[async_trait]
impl<ID, E, ES> EventStore<ID, E> for RecordedStore<ES>
where
    ID: EventId,
    E: Event + Clone + fmt::Debug + PartialEq + Send + Sync + 'static,
    ES: EventStore<ID, E> + Send + Sync,
{
    type Error = ES::Error;

    fn stream<'a, QE>(
        &'a self,
        query: &'a StreamQuery<ID, QE>,
    ) -> BoxStream<'a, Result<StreamItem<ID, QE>, ES::Error>>
    where
        QE: TryFrom<E> + Event + 'static + Clone + Send + Sync,
        <QE as TryFrom<E>>::Error: StdError + 'static + Send + Sync,
    {
        self.store.stream(query)
    }

    async fn append<QE>(
        &self,
        events: Vec<E>,
        query: StreamQuery<ID, QE>,
        last_event_id: ID,
    ) -> Result<Vec<PersistedEvent<ID, E>>, ES::Error>
    where
        E: Clone + 'async_trait,
        QE: Event + 'static + Clone + Send + Sync,
    {
        let committed = self.store.append(events, query, last_event_id).await?;
        self.record(&committed);
        Ok(committed)
    }

    async fn append_without_validation(
        &self,
        events: Vec<E>,
    ) -> Result<Vec<PersistedEvent<ID, E>>, ES::Error>
    where
        E: Clone + 'async_trait,
    {
        let committed = self.store.append_without_validation(events).await?;
        self.record(&committed);
        Ok(committed)
    }
}

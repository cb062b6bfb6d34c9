use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use disintegrate::{BoxDynError, Event, EventStore, PersistedEvent, StreamItem, StreamQuery};
use futures::stream::{self, BoxStream, StreamExt};

/// An event store in memory. It answers queries and refuses commits as the store in PostgreSQL does.
///
/// A clone has the same events.
pub struct MemoryStore<E: Event> {
    events: Arc<Mutex<Vec<Stored<E>>>>,
}

type Stored<E> = PersistedEvent<i64, E>;

/// Why a [`MemoryStore`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryStoreError {
    /// Another commit has added an event that the query of this one matches.
    #[error("another commit has added an event that the decision has not seen")]
    Concurrency,
    /// The store in PostgreSQL panics here.
    #[error("a commit must have an event, but the decision returned none")]
    NoEvents,
    /// An event of the store is no event of the query.
    #[error("unable to convert an event of the store to an event of the query: {0}")]
    Conversion(#[source] BoxDynError),
}

impl<E: Event + Clone> MemoryStore<E> {
    fn lock(&self) -> MutexGuard<'_, Vec<Stored<E>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns true if a filter of `query` has the event.
///
/// [`StreamQuery::matches`] excludes an event that has not all ids of a filter. The store in PostgreSQL does not:
/// it compares only the ids that the event has.
fn matches<QE: Event + Clone, E: Event>(query: &StreamQuery<i64, QE>, event: &Stored<E>) -> bool {
    let name = event.name();
    let ids = event.domain_ids();

    query.filters().iter().any(|filter| {
        let mut excluded = filter.excluded_events().into_iter().flatten();
        let mut wanted = filter.identifiers().iter();

        filter.origin() < event.id()
            && filter.events().contains(&name)
            && !excluded.any(|excluded| *excluded == name)
            && wanted.all(|(ident, value)| ids.get(ident).is_none_or(|own| own == value))
    })
}

fn add<E: Event + Clone>(
    stored: &mut Vec<Stored<E>>,
    events: Vec<E>,
) -> Result<Vec<Stored<E>>, MemoryStoreError> {
    if events.is_empty() {
        return Err(MemoryStoreError::NoEvents);
    }

    let ids = last_id(stored) + 1..;
    let added = ids.zip(events);
    let added: Vec<Stored<E>> = added
        .map(|(id, event)| PersistedEvent::new(id, event))
        .collect();
    stored.extend(added.iter().cloned());
    Ok(added)
}

fn last_id<E: Event>(stored: &[Stored<E>]) -> i64 {
    stored.last().map_or(0, PersistedEvent::id)
}

#[async_trait]
impl<E> EventStore<i64, E> for MemoryStore<E>
where
    E: Event + Clone + Send + Sync + 'static,
{
    type Error = MemoryStoreError;

    fn stream<'a, QE>(
        &'a self,
        query: &'a StreamQuery<i64, QE>,
    ) -> BoxStream<'a, Result<StreamItem<i64, QE>, MemoryStoreError>>
    where
        QE: TryFrom<E> + Event + 'static + Clone + Send + Sync,
        <QE as TryFrom<E>>::Error: StdError + 'static + Send + Sync,
    {
        let stored = self.lock();
        let matching = stored.iter().filter(|event| matches(query, event));
        let converted = matching.map(|event| {
            let converted = QE::try_from(E::clone(event));
            match converted {
                Ok(converted) => Ok(PersistedEvent::new(event.id(), converted).into()),
                Err(err) => Err(MemoryStoreError::Conversion(Box::new(err))),
            }
        });

        let mut items: Vec<_> = converted.collect();
        items.push(Ok(StreamItem::End(last_id(&stored))));
        stream::iter(items).boxed()
    }

    async fn append<QE>(
        &self,
        events: Vec<E>,
        query: StreamQuery<i64, QE>,
        last_event_id: i64,
    ) -> Result<Vec<Stored<E>>, MemoryStoreError>
    where
        E: Clone + 'async_trait,
        QE: Event + 'static + Clone + Send + Sync,
    {
        let unseen = query.change_origin(last_event_id);
        let mut stored = self.lock();
        if stored.iter().any(|event| matches(&unseen, event)) {
            return Err(MemoryStoreError::Concurrency);
        }

        add(&mut stored, events)
    }

    async fn append_without_validation(
        &self,
        events: Vec<E>,
    ) -> Result<Vec<Stored<E>>, MemoryStoreError>
    where
        E: Clone + 'async_trait,
    {
        add(&mut self.lock(), events)
    }
}

impl<E: Event> Default for MemoryStore<E> {
    fn default() -> Self {
        Self {
            events: Arc::default(),
        }
    }
}

impl<E: Event> Clone for MemoryStore<E> {
    fn clone(&self) -> Self {
        Self {
            events: Arc::clone(&self.events),
        }
    }
}

impl<E: Event + Clone> fmt::Debug for MemoryStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.lock();
        let names = stored.iter().map(|event| (event.id(), event.name()));
        f.debug_map().entries(names).finish()
    }
}

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, Utc};
use esrs::{store::StoreEvent, types::SequenceNumber};
use uuid::Uuid;

/// The events of a store, by the id of their aggregate.
pub(crate) struct Streams<E> {
    by_aggregate: BTreeMap<Uuid, Vec<StoreEvent<E>>>,
    /// The first half of the ids of events: two stores have no event with the same id.
    store: u64,
    n_events: u64,
    now: DateTime<Utc>,
}

impl<E: Clone> Streams<E> {
    /// Creates the streams of the aggregates with this name.
    pub(crate) fn new(aggregate_name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        aggregate_name.hash(&mut hasher);

        Self {
            by_aggregate: BTreeMap::new(),
            store: hasher.finish(),
            n_events: 0,
            now: DateTime::UNIX_EPOCH,
        }
    }

    pub(crate) fn set_time(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    pub(crate) fn load(&self, aggregate_id: Uuid) -> Vec<StoreEvent<E>> {
        let stream = self.by_aggregate.get(&aggregate_id);
        stream.into_iter().flatten().map(copy).collect()
    }

    pub(crate) fn delete(&mut self, aggregate_id: Uuid) {
        self.by_aggregate.remove(&aggregate_id);
    }

    /// Returns the sequence number of the last event of an aggregate.
    pub(crate) fn last(&self, aggregate_id: Uuid) -> SequenceNumber {
        let stream = self.by_aggregate.get(&aggregate_id);
        let last = stream.and_then(|stream| stream.last());
        last.map_or(0, |event| event.sequence_number)
    }

    /// Adds events to the stream of an aggregate, and returns them.
    pub(crate) fn append(&mut self, aggregate_id: Uuid, events: Vec<E>) -> Vec<StoreEvent<E>> {
        let first = self.last(aggregate_id) + 1;
        let numbered = (first..).zip(events);
        let appended: Vec<StoreEvent<E>> = numbered
            .map(|(sequence_number, payload)| {
                self.n_events += 1;
                StoreEvent {
                    id: Uuid::from_u64_pair(self.store, self.n_events),
                    aggregate_id,
                    payload,
                    occurred_on: self.now,
                    sequence_number,
                    version: None,
                }
            })
            .collect();

        let stream = self.by_aggregate.entry(aggregate_id).or_default();
        stream.extend(appended.iter().map(copy));
        appended
    }
}

/// Copies an event. [`StoreEvent`] has no `Clone`.
pub(crate) fn copy<E: Clone>(event: &StoreEvent<E>) -> StoreEvent<E> {
    StoreEvent {
        payload: event.payload.clone(),
        ..*event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_ids(aggregate_name: &str) -> Vec<Uuid> {
        let mut streams = Streams::new(aggregate_name);
        let first = streams.append(Uuid::from_u128(1), vec!['a', 'b']);
        let second = streams.append(Uuid::from_u128(2), vec!['c']);

        let events = first.iter().chain(&second);
        events.map(|event| event.id).collect()
    }

    #[test]
    fn event_ids_are_unique_and_the_same_in_each_run() {
        let mut ids = event_ids("order");
        assert_eq!(ids, event_ids("order"));

        ids.extend(event_ids("parcel"));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }
}

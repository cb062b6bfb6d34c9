use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use crate::{
    adapter::memory::{
        overlay::{Layer, Overlay},
        small_map::SmallMap,
    },
    message::{Envelope, Position, Recorded, StreamName, Version},
};

/// The events, in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub(super) struct EventLog {
    // Invariant: the positions go on on top where they end below.
    layers: Overlay<EventLayer>,
}

/// The events of one layer.
#[derive(Clone, Debug, Default)]
struct EventLayer {
    events: Vec<Recorded>,
    // Invariant: the places of a stream grow, and every event is in one. A place is one in `events`.
    by_stream: SmallMap<StreamName, Vec<usize>>,
    // Invariant: the same for categories, once there is one who reads them, which most worlds never do.
    by_category: OnceLock<CategoryIndex>,
}

impl EventLog {
    pub(super) fn version(&self, stream: &StreamName) -> Version {
        let n_below = self
            .layers
            .base()
            .map_or(0, |log| log.stream_indices(stream).len());
        let n_events = n_below + self.layers.own().stream_indices(stream).len();
        Version::new(n_events as u64)
    }

    pub(super) fn last_position(&self) -> Position {
        let n_below = self.layers.base().map_or(0, |log| log.events.len());
        Position::new((n_below + self.layers.own().events.len()) as u64)
    }

    pub(super) fn append(&mut self, envelope: Arc<Envelope>) -> Recorded {
        let position = self.last_position().next();
        let (base, own) = self.layers.split_mut();
        let stream = &envelope.metadata.stream;
        let n_below = base.map_or(0, |log| log.stream_indices(stream).len());
        let n_own = own.index_next(stream);
        let recorded = Recorded {
            envelope,
            version: Version::new((n_below + n_own) as u64),
            position,
        };

        own.events.push(recorded.clone());
        recorded
    }

    pub(super) fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Vec<Recorded> {
        let mut found = Vec::new();
        let mut n_before = saturating_usize(after.as_u64());

        for log in self.layers.iter() {
            let places = log.stream_indices(stream);
            found.extend(log.copy_events(skip_first(places, n_before), limit - found.len()));
            n_before = n_before.saturating_sub(places.len());
        }

        found
    }

    pub(super) fn read_category(
        &self,
        category: Option<&str>,
        after: Position,
        limit: usize,
    ) -> Vec<Recorded> {
        let mut found = Vec::new();
        // The event after `after` is at the place that has the number of `after`.
        let mut next = saturating_usize(after.as_u64());

        for log in self.layers.iter() {
            let limit = limit - found.len();
            if let Some(category) = category {
                let places = log.category_indices(category);
                let n_before = places.partition_point(|place| *place < next);
                found.extend(log.copy_events(skip_first(places, n_before), limit));
            } else {
                found.extend(skip_first(&log.events, next).iter().take(limit).cloned());
            }

            next = next.saturating_sub(log.events.len());
        }

        found
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

impl EventLayer {
    fn stream_indices(&self, stream: &StreamName) -> &[usize] {
        self.by_stream.get(stream).map_or(&[], Vec::as_slice)
    }

    fn category_indices(&self, category: &str) -> &[usize] {
        let categories = self.by_category.get_or_init(|| {
            let mut categories = SmallMap::default();
            for (place, recorded) in self.events.iter().enumerate() {
                add_to_category(&mut categories, recorded.stream(), place);
            }
            categories
        });

        categories.get(category).map_or(&[], Vec::as_slice)
    }

    /// Copies the events at the first `limit` of `places`.
    fn copy_events(&self, places: &[usize], limit: usize) -> impl Iterator<Item = Recorded> {
        places
            .iter()
            .take(limit)
            .map(|place| self.events[*place].clone())
    }

    /// Notes down where the next event of `stream` will be; returns how many there are with it.
    fn index_next(&mut self, stream: &StreamName) -> usize {
        let place = self.events.len();
        if let Some(categories) = self.by_category.get_mut() {
            add_to_category(categories, stream, place);
        }
        let in_stream = self.by_stream.get_or_default(stream, || stream.clone());
        in_stream.push(place);
        in_stream.len()
    }
}

impl Layer for EventLayer {
    fn size(&self) -> usize {
        self.events.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        for recorded in upper.events {
            self.index_next(recorded.stream());
            self.events.push(recorded);
        }
    }
}

type CategoryIndex = SmallMap<Cow<'static, str>, Vec<usize>>;

fn add_to_category(categories: &mut CategoryIndex, stream: &StreamName, place: usize) {
    let in_category = categories.get_or_default(stream.category(), || stream.shared_category());
    in_category.push(place);
}

/// The part of `all` that begins after the first `n_before`.
fn skip_first<T>(all: &[T], n_before: usize) -> &[T] {
    all.get(n_before..).unwrap_or_default()
}

fn saturating_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

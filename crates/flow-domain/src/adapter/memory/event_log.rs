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
    port::Cursor,
};

/// The events, in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub(super) struct EventLog {
    // Invariant: the positions of the upper layer continue those of the base.
    layers: Overlay<EventLayer>,
}

/// The events of one layer.
#[derive(Clone, Debug, Default)]
struct EventLayer {
    events: Vec<Recorded>,
    // The indices in `events`, by stream.
    // Invariant: every event is in one stream, and the indices of a stream are in ascending order.
    by_stream: SmallMap<StreamName, Vec<usize>>,
    // The indices in `events`, by category. The first read by category builds this index, because most
    // stores are never read by category.
    // Invariant: every event is in one category, and the indices of a category are in ascending order.
    by_category: OnceLock<CategoryIndex>,
}

impl EventLog {
    pub(super) fn version(&self, stream: &StreamName) -> Version {
        let n_events: usize = self
            .layers
            .iter()
            .map(|layer| layer.stream_indices(stream).len())
            .sum();
        Version::new(n_events as u64)
    }

    /// Returns true if this very envelope was appended, not only one with its id.
    pub(super) fn has(&self, envelope: &Arc<Envelope>) -> bool {
        let stream = &envelope.metadata.stream;

        self.layers.iter().any(|layer| {
            let mut events = layer.copy_events(layer.stream_indices(stream), usize::MAX);
            events.any(|event| Arc::ptr_eq(&event.envelope, envelope))
        })
    }

    pub(super) fn last_position(&self) -> Position {
        let n_events: usize = self.layers.iter().map(|layer| layer.events.len()).sum();
        Position::new(n_events as u64)
    }

    pub(super) fn append(&mut self, envelope: Arc<Envelope>) -> Recorded {
        let position = self.last_position().next();
        let (base, upper) = self.layers.split_mut();
        let stream = &envelope.metadata.stream;
        let n_in_base = base.map_or(0, |layer| layer.stream_indices(stream).len());
        let n_in_upper = upper.index_next_event(stream);

        let recorded = Recorded {
            envelope,
            version: Version::new((n_in_base + n_in_upper) as u64),
            position,
        };
        upper.events.push(recorded.clone());

        recorded
    }

    pub(super) fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Vec<Recorded> {
        let mut found = Vec::new();
        let mut n_to_skip = saturating_usize(after.as_u64());

        for layer in self.layers.iter() {
            let indices = layer.stream_indices(stream);
            found.extend(layer.copy_events(skip_first(indices, n_to_skip), limit - found.len()));
            n_to_skip = n_to_skip.saturating_sub(indices.len());
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
        // Position 1 has index 0, so the first event after position `after` has the index `after`.
        let mut next_idx = saturating_usize(after.as_u64());

        for layer in self.layers.iter() {
            let limit = limit - found.len();
            if let Some(category) = category {
                let indices = layer.category_indices(category);
                let n_to_skip = indices.partition_point(|idx| *idx < next_idx);
                found.extend(layer.copy_events(skip_first(indices, n_to_skip), limit));
            } else {
                let events = skip_first(&layer.events, next_idx);
                found.extend(events.iter().take(limit).cloned());
            }

            next_idx = next_idx.saturating_sub(layer.events.len());
        }

        found
    }

    /// Reads events after the cursors, and moves the cursors to where the read ended.
    ///
    /// A read passes every event once for each subscription, whatever its category: the cursors move
    /// past it.
    pub(super) fn read_partitions(
        &self,
        categories: Option<&[&'static str]>,
        n_partitions: u32,
        cursors: &mut [Cursor],
        limit: usize,
    ) -> Vec<Recorded> {
        let start = cursors.iter().map(|cursor| cursor.place).min();
        let (Some(start), 1..) = (start, limit) else {
            return Vec::new();
        };
        let is_wanted = |event: &Recorded| {
            let stream = event.stream();
            if categories.is_some_and(|all| !all.contains(&stream.category())) {
                return false;
            }
            let partition = stream.partition(n_partitions);
            let cursor = cursors.binary_search_by_key(&partition, |cursor| cursor.partition);
            cursor.is_ok_and(|idx| cursors[idx].place < event.position.as_u64())
        };

        let mut found: Vec<Recorded> = Vec::new();
        let mut next_idx = saturating_usize(start);
        for layer in self.layers.iter() {
            let events = skip_first(&layer.events, next_idx).iter();
            let n_free = limit - found.len();
            found.extend(
                events
                    .filter(|event| is_wanted(event))
                    .take(n_free)
                    .cloned(),
            );
            next_idx = next_idx.saturating_sub(layer.events.len());
        }

        let end = match found.last() {
            Some(last) if found.len() == limit => last.position,
            _ => self.last_position(),
        };
        for cursor in cursors {
            cursor.place = cursor.place.max(end.as_u64());
        }

        found
    }

    pub(super) fn read_at(&self, positions: &[Position]) -> Vec<Recorded> {
        let read = |position: &Position| {
            let previous = Position::new(position.as_u64().checked_sub(1)?);
            self.read_category(None, previous, 1).pop()
        };

        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        positions.iter().filter_map(read).collect()
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
            for (idx, recorded) in self.events.iter().enumerate() {
                add_to_category(&mut categories, recorded.stream(), idx);
            }
            categories
        });

        categories.get(category).map_or(&[], Vec::as_slice)
    }

    /// Copies the events at `indices`, but not more than `limit`.
    fn copy_events(&self, indices: &[usize], limit: usize) -> impl Iterator<Item = Recorded> {
        indices
            .iter()
            .take(limit)
            .map(|idx| self.events[*idx].clone())
    }

    /// Indexes an event of `stream` that the caller must push next.
    ///
    /// Returns the new length of the stream in this layer.
    fn index_next_event(&mut self, stream: &StreamName) -> usize {
        let idx = self.events.len();
        if let Some(categories) = self.by_category.get_mut() {
            add_to_category(categories, stream, idx);
        }

        let indices = self.by_stream.get_or_default(stream, || stream.clone());
        indices.push(idx);
        indices.len()
    }
}

impl Layer for EventLayer {
    fn size(&self) -> usize {
        self.events.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        for recorded in upper.events {
            self.index_next_event(recorded.stream());
            self.events.push(recorded);
        }
    }
}

type CategoryIndex = SmallMap<Cow<'static, str>, Vec<usize>>;

fn add_to_category(categories: &mut CategoryIndex, stream: &StreamName, idx: usize) {
    let indices = categories.get_or_default(stream.category(), || stream.shared_category());
    indices.push(idx);
}

/// Returns `all` without its first `n` items, or nothing if there are fewer.
fn skip_first<T>(all: &[T], n: usize) -> &[T] {
    all.get(n..).unwrap_or_default()
}

fn saturating_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

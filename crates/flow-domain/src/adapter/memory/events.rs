use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use crate::{
    adapter::memory::{
        keyed::Keyed,
        layers::{Layer, Layers},
    },
    message::{Envelope, Position, Recorded, StreamName, Version},
};

/// The events, in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    // Invariant: the positions go on on top where they end below.
    logs: Layers<Log>,
}

/// The events of one layer.
#[derive(Clone, Debug, Default)]
struct Log {
    events: Vec<Recorded>,
    // Invariant: the places of a stream grow, and every event is in one. A place is one in `events`.
    streams: Keyed<StreamName, Vec<usize>>,
    // Invariant: the same for categories, once there is one who reads them, which most worlds never do.
    categories: OnceLock<Categories>,
}

impl Events {
    pub(super) fn version(&self, stream: &StreamName) -> Version {
        let n_below = self
            .logs
            .base()
            .map_or(0, |log| log.in_stream(stream).len());
        let n_events = n_below + self.logs.own().in_stream(stream).len();
        Version::new(n_events as u64)
    }

    pub(super) fn last_position(&self) -> Position {
        let n_below = self.logs.base().map_or(0, |log| log.events.len());
        Position::new((n_below + self.logs.own().events.len()) as u64)
    }

    pub(super) fn append(&mut self, envelope: Arc<Envelope>) -> Recorded {
        let position = self.last_position().next();
        let (base, own) = self.logs.split();
        let stream = &envelope.metadata.stream;
        let n_below = base.map_or(0, |log| log.in_stream(stream).len());
        let n_own = own.place(stream);
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
        let mut n_before = at_most_usize(after.as_u64());
        for log in self.logs.iter() {
            let places = log.in_stream(stream);
            found.extend(log.at(from(places, n_before), limit - found.len()));
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
        let mut next = at_most_usize(after.as_u64());
        for log in self.logs.iter() {
            let limit = limit - found.len();
            if let Some(category) = category {
                let places = log.in_category(category);
                let n_before = places.partition_point(|place| *place < next);
                found.extend(log.at(from(places, n_before), limit));
            } else {
                found.extend(from(&log.events, next).iter().take(limit).cloned());
            }
            next = next.saturating_sub(log.events.len());
        }
        found
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            logs: self.logs.fork(),
        }
    }
}

impl Log {
    fn in_stream(&self, stream: &StreamName) -> &[usize] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }

    fn in_category(&self, category: &str) -> &[usize] {
        let categories = self.categories.get_or_init(|| {
            let mut categories = Keyed::default();
            for (place, recorded) in self.events.iter().enumerate() {
                categorise(&mut categories, recorded.stream(), place);
            }
            categories
        });
        categories.get(category).map_or(&[], Vec::as_slice)
    }

    /// Copies the events at the first `limit` of `places`.
    fn at(&self, places: &[usize], limit: usize) -> impl Iterator<Item = Recorded> {
        let wanted = places.iter().take(limit);
        wanted.map(|place| self.events[*place].clone())
    }

    /// Notes down where the next event of `stream` will be; returns how many there are with it.
    fn place(&mut self, stream: &StreamName) -> usize {
        let place = self.events.len();
        if let Some(categories) = self.categories.get_mut() {
            categorise(categories, stream, place);
        }
        let in_stream = self.streams.get_or_default(stream, || stream.clone());
        in_stream.push(place);
        in_stream.len()
    }
}

impl Layer for Log {
    fn size(&self) -> usize {
        self.events.len()
    }

    fn absorb(&mut self, upper: Self) {
        for recorded in upper.events {
            self.place(recorded.stream());
            self.events.push(recorded);
        }
    }
}

type Categories = Keyed<Cow<'static, str>, Vec<usize>>;

fn categorise(categories: &mut Categories, stream: &StreamName, place: usize) {
    let in_category = categories.get_or_default(stream.category(), || stream.shared_category());
    in_category.push(place);
}

/// The part of `all` that begins after the first `n_before`.
fn from<T>(all: &[T], n_before: usize) -> &[T] {
    all.get(n_before..).unwrap_or_default()
}

fn at_most_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

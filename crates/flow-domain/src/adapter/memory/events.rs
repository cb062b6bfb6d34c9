use std::{borrow::Cow, sync::Arc};

use crate::{
    adapter::memory::keyed::Keyed,
    message::{Envelope, Position, Recorded, StreamName, Version},
};

/// The events, in the order in which they were committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    // Invariant: the event at `place` has the position `place + 1`.
    log: Vec<Recorded>,
    // Invariant: the places of a stream grow, and every event is in one.
    streams: Keyed<StreamName, Vec<usize>>,
    // Invariant: the same for categories, of the first `n_categorised` events. The others are sorted
    // in when a category is read, which most worlds never do.
    categories: Keyed<Cow<'static, str>, Vec<usize>>,
    n_categorised: usize,
}

impl Events {
    pub(super) fn version(&self, stream: &StreamName) -> Version {
        self.streams
            .get(stream)
            .map_or(Version::NONE, |places| Version::new(places.len() as u64))
    }

    pub(super) fn append(&mut self, envelope: Arc<Envelope>) -> Recorded {
        let stream = &envelope.metadata.stream;
        let place = self.log.len();
        let in_stream = self.streams.get_or_default(stream, || stream.clone());
        in_stream.push(place);
        let version = Version::new(in_stream.len() as u64);
        let recorded = Recorded {
            envelope,
            version,
            position: Position::new(place as u64).next(),
        };
        self.log.push(recorded.clone());
        recorded
    }

    pub(super) fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Vec<Recorded> {
        let places = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        self.pick(places, at_most_usize(after.as_u64()), limit)
    }

    pub(super) fn read_category(
        &mut self,
        category: Option<&str>,
        after: Position,
        limit: usize,
    ) -> Vec<Recorded> {
        // The event after `after` is at the place that has the number of `after`.
        let next = at_most_usize(after.as_u64());
        let Some(category) = category else {
            return self.log.iter().skip(next).take(limit).cloned().collect();
        };
        self.categorise();
        let places = self.categories.get(category).map_or(&[][..], Vec::as_slice);
        let n_before = places.partition_point(|place| *place < next);
        self.pick(places, n_before, limit)
    }

    fn categorise(&mut self) {
        let new = self.log.iter().enumerate().skip(self.n_categorised);
        for (place, recorded) in new {
            let stream = recorded.stream();
            self.categories
                .get_or_default(stream.category(), || stream.shared_category())
                .push(place);
        }
        self.n_categorised = self.log.len();
    }

    fn pick(&self, places: &[usize], offset: usize, limit: usize) -> Vec<Recorded> {
        let wanted = places.iter().skip(offset).take(limit);
        wanted.map(|place| self.log[*place].clone()).collect()
    }
}

fn at_most_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

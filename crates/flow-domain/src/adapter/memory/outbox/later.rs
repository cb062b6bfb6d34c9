use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use crate::{
    adapter::memory::layers::{Layer, Layers},
    clock::Timestamp,
    message::MessageId,
    port::OutboxRow,
};

/// The rows that were not due when they were looked at, and were never tried. They may be many, and
/// none is looked at again before it is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Later {
    layers: Layers<Schedule>,
}

/// By this, rows that are due earlier come first. Numbers begin at 1, so that the default is before
/// every row.
type Place = (Timestamp, u64);

/// The rows of one layer.
#[derive(Clone, Debug, Default)]
struct Schedule {
    rows: BTreeMap<Place, OutboxRow>,
    // Invariant: every row is in it, under the id of its message.
    ids: BTreeSet<(MessageId, Place)>,
    // Rows of the layer below that are gone: all up to this place, and some after it.
    gone_to: Place,
    gone: BTreeSet<Place>,
}

impl Later {
    pub(super) fn insert(&mut self, row: OutboxRow) {
        let (_, own) = self.layers.split();
        own.insert((row.due, row.number), row);
    }

    /// Takes a row that is due, if there is one.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<OutboxRow> {
        self.forget_gone();
        let (base, own) = self.layers.split();
        let is_due = |place: &Place| place.0 <= now;
        let below = base.and_then(|base| base.after(own.gone_to).next());
        if let Some((place, row)) = below.filter(|(place, _)| is_due(place)) {
            own.gone_to = *place;
            return Some(row.clone());
        }
        let first = own.rows.keys().next().copied();
        own.remove(first.filter(is_due)?)
    }

    /// Makes the first row below that comes after `gone_to` one that is still there.
    fn forget_gone(&mut self) {
        let (Some(base), own) = self.layers.split() else {
            return;
        };
        while !own.gone.is_empty()
            && let Some((place, _)) = base.after(own.gone_to).next()
            && own.gone.remove(place)
        {
            own.gone_to = *place;
        }
    }

    /// Takes back the rows of a message.
    pub(super) fn cancel(&mut self, id: MessageId) {
        let (base, own) = self.layers.split();
        let on_top: Vec<Place> = own.of_message(id).collect();
        for place in on_top {
            own.remove(place);
        }
        let below = base.into_iter().flat_map(|base| base.of_message(id));
        for place in below.filter(|place| own.gone_to < *place) {
            own.gone.insert(place);
        }
    }

    /// All of them, in no order that means something.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        let own = self.layers.own();
        self.below(own.gone_to)
            .map(|(_, row)| row)
            .chain(own.rows.values())
    }

    /// When the first of those is due that are not due at `now`.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let own = self.layers.own();
        let now = (now, u64::MAX);
        let below = self.below(now.max(own.gone_to)).next();
        let on_top = own.after(now).next();
        let first = below.into_iter().chain(on_top).map(|((due, _), _)| *due);
        first.min()
    }

    /// The rows below that are still there, of those after `place`.
    fn below(&self, place: Place) -> impl Iterator<Item = (&Place, &OutboxRow)> {
        let base = self.layers.base();
        let rows = base.into_iter().flat_map(move |base| base.after(place));
        rows.filter(|(place, _)| !self.layers.own().gone.contains(place))
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

impl Schedule {
    fn insert(&mut self, place: Place, row: OutboxRow) {
        self.ids.insert((row.envelope.metadata.id, place));
        self.rows.insert(place, row);
    }

    fn remove(&mut self, place: Place) -> Option<OutboxRow> {
        let row = self.rows.remove(&place)?;
        self.ids.remove(&(row.envelope.metadata.id, place));
        Some(row)
    }

    fn after(&self, place: Place) -> impl Iterator<Item = (&Place, &OutboxRow)> {
        self.rows.range((Bound::Excluded(place), Bound::Unbounded))
    }

    fn of_message(&self, id: MessageId) -> impl Iterator<Item = Place> {
        let last = (Timestamp::MAX, u64::MAX);
        let rows = self.ids.range((id, Place::default())..=(id, last));
        rows.map(|(_, place)| *place)
    }
}

impl Layer for Schedule {
    fn size(&self) -> usize {
        self.rows.len() + self.gone.len()
    }

    fn absorb(&mut self, upper: Self) {
        let stays = |place: &Place| upper.gone_to < *place && !upper.gone.contains(place);
        self.rows.retain(|place, _| stays(place));
        self.ids.retain(|(_, place)| stays(place));
        self.rows.extend(upper.rows);
        self.ids.extend(upper.ids);
    }
}

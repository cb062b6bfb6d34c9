use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use crate::{
    adapter::memory::overlay::{Layer, Overlay},
    clock::Timestamp,
    message::MessageId,
    port::OutboxRow,
};

/// The rows that were not due when they were looked at, and were never tried. They may be many, and
/// none is looked at again before it is due.
#[derive(Clone, Debug, Default)]
pub(super) struct ScheduledRows {
    layers: Overlay<ScheduledLayer>,
}

/// By this, rows that are due earlier come first. Numbers begin at 1, so that the default is before
/// every row.
type DueKey = (Timestamp, u64);

/// The rows of one layer.
#[derive(Clone, Debug, Default)]
struct ScheduledLayer {
    rows: BTreeMap<DueKey, OutboxRow>,
    // Invariant: every row is in it, under the id of its message.
    by_message: BTreeSet<(MessageId, DueKey)>,
    // Rows of the layer below that are gone: all up to this place, and some after it.
    removed_up_to: DueKey,
    removed: BTreeSet<DueKey>,
}

impl ScheduledRows {
    pub(super) fn insert(&mut self, row: OutboxRow) {
        let (_, own) = self.layers.split_mut();
        own.insert((row.due, row.number), row);
    }

    /// Takes a row that is due, if there is one.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<OutboxRow> {
        self.skip_removed();
        let (base, own) = self.layers.split_mut();
        let is_due = |place: &DueKey| place.0 <= now;
        let below = base.and_then(|base| base.rows_after(own.removed_up_to).next());

        if let Some((place, row)) = below.filter(|(place, _)| is_due(place)) {
            own.removed_up_to = *place;
            return Some(row.clone());
        }

        let first = own.rows.keys().next().copied();
        own.remove(first.filter(is_due)?)
    }

    /// Makes the first row below that comes after `gone_to` one that is still there.
    fn skip_removed(&mut self) {
        let (Some(base), own) = self.layers.split_mut() else {
            return;
        };

        while !own.removed.is_empty()
            && let Some((place, _)) = base.rows_after(own.removed_up_to).next()
            && own.removed.remove(place)
        {
            own.removed_up_to = *place;
        }
    }

    /// Takes back the rows of a message.
    pub(super) fn cancel(&mut self, id: MessageId) {
        let (base, own) = self.layers.split_mut();
        let on_top: Vec<DueKey> = own.keys_of_message(id).collect();

        for place in on_top {
            own.remove(place);
        }

        for place in base
            .into_iter()
            .flat_map(|base| base.keys_of_message(id))
            .filter(|place| own.removed_up_to < *place)
        {
            own.removed.insert(place);
        }
    }

    /// All of them, in no order that means something.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        let own = self.layers.own();
        self.base_rows_after(own.removed_up_to)
            .map(|(_, row)| row)
            .chain(own.rows.values())
    }

    /// When the first of those is due that are not due at `now`.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let own = self.layers.own();
        let now = (now, u64::MAX);
        let below = self.base_rows_after(now.max(own.removed_up_to)).next();
        let on_top = own.rows_after(now).next();

        below
            .into_iter()
            .chain(on_top)
            .map(|((due, _), _)| *due)
            .min()
    }

    /// The rows below that are still there, of those after `place`.
    fn base_rows_after(&self, place: DueKey) -> impl Iterator<Item = (&DueKey, &OutboxRow)> {
        let base = self.layers.base();
        let rows = base
            .into_iter()
            .flat_map(move |base| base.rows_after(place));
        rows.filter(|(place, _)| !self.layers.own().removed.contains(place))
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

impl ScheduledLayer {
    fn insert(&mut self, place: DueKey, row: OutboxRow) {
        self.by_message.insert((row.envelope.metadata.id, place));
        self.rows.insert(place, row);
    }

    fn remove(&mut self, place: DueKey) -> Option<OutboxRow> {
        let row = self.rows.remove(&place)?;
        self.by_message.remove(&(row.envelope.metadata.id, place));
        Some(row)
    }

    fn rows_after(&self, place: DueKey) -> impl Iterator<Item = (&DueKey, &OutboxRow)> {
        self.rows.range((Bound::Excluded(place), Bound::Unbounded))
    }

    fn keys_of_message(&self, id: MessageId) -> impl Iterator<Item = DueKey> {
        let last = (Timestamp::MAX, u64::MAX);
        let rows = self.by_message.range((id, DueKey::default())..=(id, last));
        rows.map(|(_, place)| *place)
    }
}

impl Layer for ScheduledLayer {
    fn size(&self) -> usize {
        self.rows.len() + self.removed.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        let stays = |place: &DueKey| upper.removed_up_to < *place && !upper.removed.contains(place);
        self.rows.retain(|place, _| stays(place));
        self.by_message.retain(|(_, place)| stays(place));
        self.rows.extend(upper.rows);
        self.by_message.extend(upper.by_message);
    }
}

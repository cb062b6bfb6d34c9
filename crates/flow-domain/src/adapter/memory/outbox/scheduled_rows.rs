use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use crate::{
    adapter::memory::{
        outbox::AT_ONCE,
        overlay::{Layer, Overlay},
    },
    clock::Timestamp,
    message::MessageId,
    port::OutboxRow,
};

/// The rows with a due time that were never tried, and were not due at the last claim.
///
/// There may be many of them. A claim does not visit a row again before it is due.
#[derive(Clone, Debug, Default)]
pub(super) struct ScheduledRows {
    layers: Overlay<ScheduledLayer>,
}

/// The due time and the number of a row. Keys sort by due time first.
///
/// Numbers start at 1, so the default value comes before every row.
type DueKey = (Timestamp, u64);

/// The rows of one layer.
#[derive(Clone, Debug, Default)]
struct ScheduledLayer {
    rows: BTreeMap<DueKey, OutboxRow>,
    // Invariant: the key of every row is in this index, with the id of its message.
    by_message: BTreeSet<(MessageId, DueKey)>,
    // This layer has removed all rows of the base up to and including this key.
    removed_up_to: DueKey,
    // This layer has also removed these rows of the base. They come after `removed_up_to`.
    removed: BTreeSet<DueKey>,
}

impl ScheduledRows {
    pub(super) fn insert(&mut self, row: OutboxRow) {
        let (_, own) = self.layers.split_mut();
        own.insert((row.due.unwrap_or(AT_ONCE), row.number), row);
    }

    /// Removes and returns one due row, if there is one.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<OutboxRow> {
        self.skip_removed();

        let (base, own) = self.layers.split_mut();
        let is_due = |(due, _): &DueKey| *due <= now;

        let first_in_base = base.and_then(|base| base.rows_after(own.removed_up_to).next());
        if let Some((key, row)) = first_in_base.filter(|(key, _)| is_due(key)) {
            own.removed_up_to = *key;
            return Some(row.clone());
        }

        let first_in_own = own.rows.keys().next().copied();
        own.remove(first_in_own.filter(is_due)?)
    }

    /// Moves `removed_up_to` forward, until the next row of the base is not removed.
    fn skip_removed(&mut self) {
        let (Some(base), own) = self.layers.split_mut() else {
            return;
        };

        while !own.removed.is_empty()
            && let Some((key, _)) = base.rows_after(own.removed_up_to).next()
            && own.removed.remove(key)
        {
            own.removed_up_to = *key;
        }
    }

    /// Removes the rows of a message. Returns false if there are none.
    pub(super) fn cancel(&mut self, id: MessageId) -> bool {
        let (base, own) = self.layers.split_mut();

        let own_keys: Vec<DueKey> = own.keys_of_message(id).collect();
        for key in &own_keys {
            own.remove(*key);
        }

        let n_removed = own.removed.len();
        let base_keys = base
            .into_iter()
            .flat_map(|base| base.keys_of_message(id))
            .filter(|key| own.removed_up_to < *key);
        own.removed.extend(base_keys);
        !own_keys.is_empty() || n_removed < own.removed.len()
    }

    /// Iterates over all rows, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OutboxRow> {
        let own = self.layers.own();
        self.base_rows_after(own.removed_up_to)
            .map(|(_, row)| row)
            .chain(own.rows.values())
    }

    /// Returns the earliest due time after `now`.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let own = self.layers.own();
        let last_key_of_now = (now, u64::MAX);

        let next_in_base = self
            .base_rows_after(last_key_of_now.max(own.removed_up_to))
            .next();
        let next_in_own = own.rows_after(last_key_of_now).next();

        next_in_base
            .into_iter()
            .chain(next_in_own)
            .map(|((due, _), _)| *due)
            .min()
    }

    /// Iterates over the rows of the base after `key` that are not removed.
    fn base_rows_after(&self, key: DueKey) -> impl Iterator<Item = (&DueKey, &OutboxRow)> {
        self.layers
            .base()
            .into_iter()
            .flat_map(move |base| base.rows_after(key))
            .filter(|(key, _)| !self.layers.own().removed.contains(key))
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

impl ScheduledLayer {
    fn insert(&mut self, key: DueKey, row: OutboxRow) {
        self.by_message.insert((row.envelope.metadata.id, key));
        self.rows.insert(key, row);
    }

    fn remove(&mut self, key: DueKey) -> Option<OutboxRow> {
        let row = self.rows.remove(&key)?;
        self.by_message.remove(&(row.envelope.metadata.id, key));
        Some(row)
    }

    fn rows_after(&self, key: DueKey) -> impl Iterator<Item = (&DueKey, &OutboxRow)> {
        self.rows.range((Bound::Excluded(key), Bound::Unbounded))
    }

    fn keys_of_message(&self, id: MessageId) -> impl Iterator<Item = DueKey> {
        let (first, last) = (DueKey::default(), (Timestamp::MAX, u64::MAX));
        self.by_message
            .range((id, first)..=(id, last))
            .map(|(_, key)| *key)
    }
}

impl Layer for ScheduledLayer {
    fn size(&self) -> usize {
        self.rows.len() + self.removed.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        let stays = |key: &DueKey| upper.removed_up_to < *key && !upper.removed.contains(key);
        self.rows.retain(|key, _| stays(key));
        self.by_message.retain(|(_, key)| stays(key));

        self.rows.extend(upper.rows);
        self.by_message.extend(upper.by_message);
    }
}

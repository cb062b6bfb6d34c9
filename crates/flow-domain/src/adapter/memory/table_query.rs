//! Queries of one table, by its indexes where that costs less.

use std::{
    collections::BTreeSet,
    iter,
    ops::Bound::{self, Excluded, Included, Unbounded},
    sync::Arc,
};

use crate::{
    adapter::memory::table_layer::{FieldIndex, Slot, TableLayer},
    error::Error,
    json::SortKey,
    message::Payload,
    port::{
        Comparison, Condition, Direction, FieldValue, OrderBy, QueriedRow, Query, Row,
        compare_sort_values,
    },
};

/// The number of rows that may be read and sorted before another way costs less.
const MAX_SELECTED: usize = 10_000;

/// Both layers of one table.
#[derive(Clone, Copy)]
pub(super) struct TableReader<'a> {
    pub(super) base: Option<&'a TableLayer>,
    // Invariant: a slot of this layer replaces the slot of the base.
    pub(super) own: Option<&'a TableLayer>,
}

type Ids = BTreeSet<Arc<str>>;
type Found<'a> = Vec<(Arc<str>, &'a Payload)>;
type KeyRange = (Bound<SortKey>, Bound<SortKey>);

impl<'a> TableReader<'a> {
    pub(super) fn slot(&self, id: &str) -> Option<&'a Slot> {
        let slot_in = |layer: Option<&'a TableLayer>| layer?.slot(id);
        slot_in(self.own).or_else(|| slot_in(self.base))
    }

    /// Returns all slots, also those of deleted rows, each with its id.
    pub(super) fn slots(self) -> impl Iterator<Item = (&'a Arc<str>, &'a Slot)> {
        let (base, own) = (self.base, self.own);
        let is_replaced = move |id: &str| own.is_some_and(|own| own.slot(id).is_some());

        let slots_in =
            |layer: Option<&'a TableLayer>| layer.into_iter().flat_map(TableLayer::slots);
        slots_in(own).chain(slots_in(base).filter(move |(id, _)| !is_replaced(id)))
    }

    pub(super) fn query(&self, query: &Query) -> Result<Vec<Row>, Error> {
        let conditions = query.conditions.as_slice();
        self.require_keys(conditions, &query.order)?;
        let n_needed = query
            .limit
            .map_or(usize::MAX, |limit| limit.saturating_add(query.offset));

        let found = if let Some(ids) = self.selected_ids(conditions, MAX_SELECTED)? {
            self.sorted(ids.iter(), conditions, &query.order, n_needed)?
        } else if let [first, rest @ ..] = query.order.as_slice()
            && first.is_declared
        {
            self.sorted_by_index(first, rest, conditions, n_needed)?
        } else {
            self.all_sorted(conditions, &query.order, n_needed)?
        };

        Ok(found
            .into_iter()
            .skip(query.offset)
            .map(|(id, value)| Row {
                id,
                value: value.clone(),
            })
            .collect())
    }

    pub(super) fn count(&self, conditions: &[Condition]) -> Result<usize, Error> {
        if conditions.is_empty() {
            let is_visible = |id: &str| self.own.is_none_or(|own| own.slot(id).is_none());
            let n_base = self.base.map_or(0, |base| base.count(is_visible));
            return Ok(n_base + self.own.map_or(0, TableLayer::n_live));
        }

        self.require_keys(conditions, &[])?;
        let found = match self.selected_ids(conditions, usize::MAX)? {
            Some(ids) => self.sorted(ids.iter(), conditions, &[], usize::MAX)?,
            None => self.all_sorted(conditions, &[], usize::MAX)?,
        };
        Ok(found.len())
    }

    /// Requires that all rows have a key for each declared field of a query, also rows that it does not select.
    ///
    /// The error names the first field in alphabetical order, as those of the databases do.
    fn require_keys(&self, conditions: &[Condition], order: &[OrderBy]) -> Result<(), Error> {
        let compared = conditions.iter().filter_map(|condition| {
            matches!(condition.value, FieldValue::Key(_)).then_some(&condition.field)
        });
        let sorted = order
            .iter()
            .filter_map(|order_by| order_by.is_declared.then_some(&order_by.field));
        let fields: BTreeSet<&String> = compared.chain(sorted).collect();

        fields
            .into_iter()
            .try_for_each(|field| self.indexes_of(field).map(|_| ()))
    }

    /// Returns the sorted ids of the rows that a condition on a declared field selects.
    ///
    /// Returns `None` if no condition selects at most `max` rows.
    fn selected_ids(&self, conditions: &[Condition], max: usize) -> Result<Option<Ids>, Error> {
        for condition in conditions {
            let FieldValue::Key(key) = &condition.value else {
                continue;
            };
            let Some(range) = key_range(condition.comparison, key) else {
                continue;
            };

            let indexes = self.indexes_of(&condition.field)?;
            let selected = || indexes.layers().flat_map(|index| index.range(&range));
            // The sum stops early, because a range may have very many keys.
            let mut n_selected = 0;
            let is_small = selected().all(|(_, ids)| {
                n_selected += ids.len();
                n_selected <= max
            });
            if is_small {
                let ids = selected().flat_map(|(_, ids)| ids.iter().cloned());
                return Ok(Some(ids.collect()));
            }
        }

        Ok(None)
    }

    /// Returns the indexes of a declared field, or an error if a row has no key for it.
    fn indexes_of(&self, field: &str) -> Result<FieldIndexes, Error> {
        let indexes = FieldIndexes {
            base: self.base.map(|base| base.index_of(field)),
            own: self.own.map(|own| own.index_of(field)),
        };

        for id in indexes.layers().flat_map(|index| &index.ids_without_key) {
            if let Some(slot) = self.slot(id)
                && let Some(value) = &slot.value
            {
                QueriedRow::new(id, value, &slot.keys).key(field)?;
            }
        }

        Ok(indexes)
    }

    /// Returns the first rows in the order of a declared field, then of other fields.
    fn sorted_by_index(
        &self,
        first: &OrderBy,
        rest: &[OrderBy],
        conditions: &[Condition],
        n_needed: usize,
    ) -> Result<Found<'a>, Error> {
        let indexes = self.indexes_of(&first.field)?;
        let mut found = Vec::new();
        let mut last_key = None;

        while found.len() < n_needed
            && let Some(key) = indexes.next_key(last_key, first.direction)
        {
            let ids = self.merged(
                ids_of(indexes.base.as_deref(), key),
                ids_of(indexes.own.as_deref(), key),
            );
            let n_missing = n_needed - found.len();

            found.extend(self.sorted(ids, conditions, rest, n_missing)?);
            last_key = Some(key);
        }

        Ok(found)
    }

    /// Returns the first rows of the whole table.
    fn all_sorted(
        &self,
        conditions: &[Condition],
        order: &[OrderBy],
        n_needed: usize,
    ) -> Result<Found<'a>, Error> {
        let base = self.base.map(TableLayer::sorted_ids);
        let own = self.own.map(TableLayer::sorted_ids);

        let ids = self.merged(base.as_deref(), own.as_deref());
        self.sorted(ids, conditions, order, n_needed)
    }

    /// Merges the sorted ids of both layers, without those of the base that are replaced.
    fn merged<'i>(
        &self,
        base: Option<&'i Ids>,
        own: Option<&'i Ids>,
    ) -> impl Iterator<Item = &'i Arc<str>> + use<'a, 'i> {
        let own_layer = self.own;
        let is_visible = move |id: &&Arc<str>| own_layer.is_none_or(|own| own.slot(id).is_none());
        let mut base = base.into_iter().flatten().filter(is_visible).peekable();
        let mut own = own.into_iter().flatten().peekable();

        iter::from_fn(move || match (base.peek(), own.peek()) {
            (Some(base_id), Some(own_id)) if base_id < own_id => base.next(),
            (_, Some(_)) => own.next(),
            (_, None) => base.next(),
        })
    }

    /// Returns the first rows that meet all conditions, sorted by `order` and then by id.
    ///
    /// `ids` are sorted.
    fn sorted<'i>(
        &self,
        ids: impl Iterator<Item = &'i Arc<str>>,
        conditions: &[Condition],
        order: &[OrderBy],
        n_needed: usize,
    ) -> Result<Found<'a>, Error> {
        let n_read = if order.is_empty() {
            n_needed
        } else {
            usize::MAX
        };
        let mut rows = Vec::new();

        for id in ids {
            if rows.len() == n_read {
                break;
            }
            let Some(slot) = self.slot(id) else { continue };
            let Some(value) = &slot.value else { continue };

            let mut row = QueriedRow::new(id, value, &slot.keys);
            if row.meets(conditions)? {
                rows.push((row.sort_values(order)?, Arc::clone(id), value));
            }
        }

        // The sort is stable, so rows that are equal in this order stay sorted by id.
        rows.sort_by(|(left, ..), (right, ..)| compare_sort_values(order, left, right));
        Ok(rows
            .into_iter()
            .take(n_needed)
            .map(|(_, id, value)| (id, value))
            .collect())
    }
}

/// The indexes of one declared field in both layers.
struct FieldIndexes {
    base: Option<Arc<FieldIndex>>,
    own: Option<Arc<FieldIndex>>,
}

impl FieldIndexes {
    fn layers(&self) -> impl Iterator<Item = &FieldIndex> {
        [&self.base, &self.own]
            .into_iter()
            .flatten()
            .map(|index| &**index)
    }

    /// Returns the key after `last` in this direction, or the first one.
    fn next_key(&self, last: Option<&SortKey>, direction: Direction) -> Option<&SortKey> {
        let bound = last.map_or(Unbounded, Excluded);
        let keys = self.layers().filter_map(|index| match direction {
            Direction::Ascending => index.ids_by_key.range((bound, Unbounded)).next(),
            Direction::Descending => index.ids_by_key.range((Unbounded, bound)).next_back(),
        });

        let keys = keys.map(|(key, _)| key);
        match direction {
            Direction::Ascending => keys.min(),
            Direction::Descending => keys.max(),
        }
    }
}

impl FieldIndex {
    fn range(&self, range: &KeyRange) -> impl Iterator<Item = (&SortKey, &Ids)> {
        self.ids_by_key.range(range.clone())
    }
}

fn ids_of<'i>(index: Option<&'i FieldIndex>, key: &SortKey) -> Option<&'i Ids> {
    index?.ids_by_key.get(key)
}

/// Returns the keys of the fields that meet a condition. Returns `None` if they are no range.
fn key_range(comparison: Comparison, key: &SortKey) -> Option<KeyRange> {
    let first = || Included(key.first_of_kind());
    let end = || Excluded(key.end_of_kind());

    Some(match comparison {
        Comparison::Equal => (Included(key.clone()), Included(key.clone())),
        Comparison::NotEqual => return None,
        Comparison::Less => (first(), Excluded(key.clone())),
        Comparison::AtMost => (first(), Included(key.clone())),
        Comparison::Greater => (Excluded(key.clone()), end()),
        Comparison::AtLeast => (Included(key.clone()), end()),
    })
}

use std::{iter, sync::OnceLock};

use crate::record::{Entry, EntryId, EntryKind};

/// The [`EffectLinks`] of a record, made when somebody asks for them. Most runs that pass need none.
#[derive(Clone, Debug, Default)]
pub(super) struct LazyEffectLinks(OnceLock<EffectLinks>);

/// The links follow from the entries, so they make no difference between two records.
impl PartialEq for LazyEffectLinks {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl LazyEffectLinks {
    /// Adds the entries that follow in the record, if the links are made already.
    pub(super) fn extend(&mut self, entries: &[Entry]) {
        if let Some(links) = self.0.get_mut() {
            links.add(entries);
        }
    }

    /// Returns the links of all entries of the record.
    pub(super) fn get(&self, entries: &[Entry]) -> &EffectLinks {
        self.0.get_or_init(|| {
            let mut links = EffectLinks::default();
            links.add(entries);
            links
        })
    }
}

/// The effects of each entry of a record, as linked lists.
///
/// The lists grow with the record. One lookup costs as much as there are effects, however long the
/// record is.
#[derive(Clone, Debug, Default)]
pub(super) struct EffectLinks {
    /// The links of each entry, by the index of the entry.
    links: Vec<Links>,
}

#[derive(Clone, Debug, Default)]
struct Links {
    first_effect: Option<EntryId>,
    last_effect: Option<EntryId>,
    /// The effect that ended this handler call.
    end: Option<EntryId>,
    /// The next effect of the cause of this entry.
    next_sibling: Option<EntryId>,
}

impl EffectLinks {
    /// Adds the entries that follow in the record. A cause stands before its effects.
    pub(super) fn add(&mut self, entries: &[Entry]) {
        self.links.reserve(entries.len());
        for entry in entries {
            self.links.push(Links::default());

            if let Some(cause) = entry.cause {
                self.add_effect(cause, entry.id);
                if let (EntryKind::HandlerEnded(_), Some(links)) =
                    (&entry.kind, self.links.get_mut(cause.index()))
                {
                    links.end = Some(entry.id);
                }
            }
        }
    }

    fn add_effect(&mut self, cause: EntryId, effect: EntryId) {
        // The cause is not in the record if it happened where nothing was recorded.
        let Some(links) = self.links.get_mut(cause.index()) else {
            return;
        };

        let previous = links.last_effect.replace(effect);
        match previous {
            Some(previous) => self.links[previous.index()].next_sibling = Some(effect),
            None => links.first_effect = Some(effect),
        }
    }

    /// Returns the effect that ended a handler call.
    pub(super) fn end_of(&self, start: EntryId) -> Option<EntryId> {
        self.links.get(start.index())?.end
    }

    /// Returns the effects of an entry, in order.
    pub(super) fn of(&self, cause: EntryId) -> impl Iterator<Item = EntryId> {
        let links = self.links.get(cause.index());
        let first = links.and_then(|links| links.first_effect);

        iter::successors(first, |effect| self.links[effect.index()].next_sibling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, record::EntryKind};

    fn entries_with(causes: &[Option<usize>]) -> Vec<Entry> {
        causes
            .iter()
            .enumerate()
            .map(|(idx, cause)| Entry {
                id: EntryId::from_index(idx),
                cause: cause.map(EntryId::from_index),
                time: Timestamp::default(),
                kind: EntryKind::NoSubscriber,
            })
            .collect()
    }

    /// Returns the links of entries with these causes, added in two parts.
    fn links_of(causes: &[Option<usize>]) -> EffectLinks {
        let entries = entries_with(causes);
        let (earlier, later) = entries.split_at(entries.len() / 2);

        let mut links = EffectLinks::default();
        links.add(earlier);
        links.add(later);
        links
    }

    fn effects_of(links: &EffectLinks, cause: usize) -> Vec<usize> {
        let effects = links.of(EntryId::from_index(cause));
        effects.map(EntryId::index).collect()
    }

    #[test]
    fn effects_are_in_order_across_two_parts() {
        let links = links_of(&[None, Some(0), Some(1), Some(0), Some(1), Some(0)]);

        assert_eq!(effects_of(&links, 0), [1, 3, 5]);
        assert_eq!(effects_of(&links, 1), [2, 4]);
        assert_eq!(effects_of(&links, 5), [0_usize; 0]);
    }

    #[test]
    fn effects_of_an_unknown_entry_are_empty() {
        let links = links_of(&[None, Some(9)]);

        assert_eq!(effects_of(&links, 9), [0_usize; 0]);
    }

    #[test]
    fn links_follow_a_record_that_grows() {
        let entries = entries_with(&[None, Some(0), Some(0), Some(1)]);
        let mut links = LazyEffectLinks::default();
        links.extend(&entries[..1]);
        assert_eq!(effects_of(links.get(&entries[..1]), 0), [0_usize; 0]);

        links.extend(&entries[1..]);

        assert_eq!(effects_of(links.get(&entries), 0), [1, 2]);
        assert_eq!(effects_of(links.get(&entries), 1), [3]);
    }
}

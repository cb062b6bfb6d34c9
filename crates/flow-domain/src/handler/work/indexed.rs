use std::{collections::HashMap, sync::Arc};

/// Up to this number, a linear search is as fast as the index.
const MAX_LINEAR: usize = 16;

/// Something with an id, which others may share.
pub(super) trait HasId {
    fn id(&self) -> &Arc<str>;
}

/// A list in which items are found by their id.
///
/// A handling uses only a few values. So the index begins to exist when there are many items.
#[derive(Debug)]
pub(super) struct Indexed<T> {
    items: Vec<T>,
    /// The places of the items with each id, in order; empty if there are only a few items.
    places: HashMap<Arc<str>, Vec<usize>>,
}

impl<T> Default for Indexed<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: HasId> Indexed<T> {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.items
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Returns the items, to change them. Their ids must stay.
    #[cfg(feature = "testing")]
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    pub(super) fn get(&self, place: usize) -> Option<&T> {
        self.items.get(place)
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.items.get_mut(place)
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
        if !self.places.is_empty() {
            self.add_place(self.items.len() - 1);
        } else if MAX_LINEAR < self.items.len() {
            for place in 0..self.items.len() {
                self.add_place(place);
            }
        }
    }

    fn add_place(&mut self, place: usize) {
        let id = Arc::clone(self.items[place].id());
        self.places.entry(id).or_default().push(place);
    }

    /// Removes the last items, so that this number is left. Returns them in order.
    pub(super) fn split_off(&mut self, n_left: usize) -> Vec<T> {
        let removed = self.items.split_off(n_left.min(self.items.len()));
        if !self.places.is_empty() {
            for item in &removed {
                let Some(places) = self.places.get_mut(item.id()) else {
                    continue;
                };
                while places.last().is_some_and(|place| n_left <= *place) {
                    places.pop();
                }
            }
        }

        removed
    }

    /// Returns the place of the first item with this id that `is_sought` accepts.
    pub(super) fn position(&self, id: &str, is_sought: impl Fn(&T) -> bool) -> Option<usize> {
        if self.places.is_empty() {
            return self
                .items
                .iter()
                .position(|item| **item.id() == *id && is_sought(item));
        }

        let mut places = self.places.get(id)?.iter().copied();
        places.find(|place| is_sought(&self.items[*place]))
    }

    /// Returns the items with this id, in order.
    pub(super) fn with_id<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a T> {
        let is_indexed = !self.places.is_empty();
        let places = self.places.get(id).map_or(&[][..], Vec::as_slice);
        let unindexed = if is_indexed { &[][..] } else { &self.items };

        let indexed = places.iter().map(|place| &self.items[*place]);
        let unindexed = unindexed.iter().filter(move |item| **item.id() == *id);
        indexed.chain(unindexed)
    }

    /// Removes all items, and keeps the allocated memory.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.places.clear();
    }

    /// Removes all items and returns them in order. Keeps the allocated memory.
    pub(super) fn drain(&mut self) -> std::vec::Drain<'_, T> {
        self.places.clear();
        self.items.drain(..)
    }

    /// Removes all items and returns them in order.
    pub(super) fn take(&mut self) -> Vec<T> {
        self.places.clear();
        std::mem::take(&mut self.items)
    }
}

impl<T: HasId> Extend<T> for Indexed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Item(Arc<str>, usize);

    impl HasId for Item {
        fn id(&self) -> &Arc<str> {
            &self.0
        }
    }

    fn items(n: usize) -> Indexed<Item> {
        let mut items = Indexed::default();
        items.extend((0..n).map(|nth| Item(format!("{}", nth % 10).into(), nth)));
        items
    }

    fn numbers(items: &Indexed<Item>, id: &str) -> Vec<usize> {
        items.with_id(id).map(|item| item.1).collect()
    }

    #[test]
    fn indexed_items_are_found_by_id() {
        for n in [0, 1, MAX_LINEAR, MAX_LINEAR + 1, 100] {
            let items = items(n);
            let expected: Vec<usize> = (0..n).filter(|nth| nth % 10 == 3).collect();

            assert_eq!(numbers(&items, "3"), expected);
            let place = items.position("3", |item| 3 < item.1);
            assert_eq!(place, expected.get(1).copied());
            assert_eq!(numbers(&items, "no"), [0; 0]);
        }
    }

    /// Counts how often its id is read.
    struct Counted<'c>(Arc<str>, &'c Cell<usize>);

    impl HasId for Counted<'_> {
        fn id(&self) -> &Arc<str> {
            self.1.set(self.1.get() + 1);
            &self.0
        }
    }

    #[test]
    fn lookup_among_many_costs_as_much_as_among_few() {
        let n_reads = Cell::new(0);
        let mut items = Indexed::default();
        items.extend((0..1_000).map(|nth| Counted(format!("{nth}").into(), &n_reads)));

        n_reads.set(0);
        for id in ["999", "0", "no"] {
            items.position(id, |_| true);
            items.with_id(id).count();
        }
        assert!(n_reads.get() <= MAX_LINEAR, "{}", n_reads.get());
    }

    #[test]
    fn indexed_items_that_are_split_off_are_not_found() {
        for n_left in [0, 5, MAX_LINEAR, 50] {
            let mut items = items(100);
            let removed = items.split_off(n_left);

            assert_eq!(removed.first().map(|item| item.1), Some(n_left));
            let expected: Vec<usize> = (0..n_left).filter(|nth| nth % 10 == 3).collect();
            assert_eq!(numbers(&items, "3"), expected);

            items.push(Item("3".into(), 1_000));
            assert_eq!(numbers(&items, "3").last(), Some(&1_000));
        }
    }
}

use std::{mem, sync::Arc};

/// One layer of an [`Overlay`].
pub(super) trait Layer: Clone + Default {
    /// Returns the number of items that a copy of the layer has to copy.
    fn size(&self) -> usize;

    /// Merges `upper` into this layer. `upper` was written on top of this layer.
    fn merge_upper(&mut self, upper: Self);
}

/// Data in two layers: a base that forks share, and the writes of one fork on top.
///
/// Nobody writes the base. A store that was never forked has no base, and pays only for one empty
/// option.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay<T> {
    base: Option<Arc<T>>,
    // The upper layer: the writes of this fork.
    own: T,
}

impl<T: Layer> Overlay<T> {
    pub(super) fn base(&self) -> Option<&T> {
        self.base.as_deref()
    }

    pub(super) fn own(&self) -> &T {
        &self.own
    }

    /// Iterates over the layers, from the base up.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.base().into_iter().chain([&self.own])
    }

    /// Returns the base for reading, and the upper layer for writing.
    pub(super) fn split_mut(&mut self) -> (Option<&T>, &mut T) {
        (self.base.as_deref(), &mut self.own)
    }

    /// Merges both layers into one, for changes that an upper layer cannot express.
    pub(super) fn flatten(&mut self) -> &mut T {
        if let Some(base) = self.base.take() {
            let upper = mem::replace(&mut self.own, Arc::unwrap_or_clone(base));
            self.own.merge_upper(upper);
        }

        &mut self.own
    }

    /// Returns a fork that shares the base, and has a copy of the upper layer.
    ///
    /// The first fork copies nothing, because all data becomes the base.
    pub(super) fn fork(&mut self) -> Self {
        // Every fork copies the upper layer, so the upper layer must not become larger than the base.
        // This merge costs about as much as the writes since the last merge. Its amortised cost for each
        // write is therefore constant.
        if self.base().map_or(0, T::size) < self.own.size() {
            self.flatten();
            self.base = Some(Arc::new(mem::take(&mut self.own)));
        }

        self.clone()
    }
}

impl<T: Clone> Layer for Vec<T> {
    fn size(&self) -> usize {
        self.len()
    }

    fn merge_upper(&mut self, upper: Self) {
        self.extend(upper);
    }
}

/// Gives memory back if a list uses less than a quarter of it.
pub(super) fn give_back<T>(list: &mut Vec<T>) {
    if list.len() < list.capacity() / 4 {
        list.shrink_to(2 * list.len());
    }
}

/// A value that forks share until one of them writes it. The write copies the whole value.
///
/// It is meant for values that stay small when a store grows.
#[derive(Clone, Debug, Default)]
pub(super) struct CowCell<T> {
    // Invariant: while there is a shared value, `own` is empty.
    shared: Option<Arc<T>>,
    own: T,
}

impl<T: Clone + Default> CowCell<T> {
    pub(super) fn get(&self) -> &T {
        self.shared.as_deref().unwrap_or(&self.own)
    }

    pub(super) fn to_mut(&mut self) -> &mut T {
        if let Some(shared) = self.shared.take() {
            self.own = Arc::unwrap_or_clone(shared);
        }

        &mut self.own
    }

    pub(super) fn fork(&mut self) -> Self {
        let own = &mut self.own;
        let shared = self.shared.get_or_insert_with(|| Arc::new(mem::take(own)));

        Self {
            shared: Some(Arc::clone(shared)),
            own: T::default(),
        }
    }
}

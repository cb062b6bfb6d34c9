use std::{mem, sync::Arc};

/// Data that can be written on top of data of its kind.
pub(super) trait Layer: Clone + Default {
    /// How much there is to copy.
    fn size(&self) -> usize;

    /// Takes over what was written on top of this.
    fn merge_upper(&mut self, upper: Self);
}

/// What two forks have in common, which neither writes any more, and what this one wrote on top.
///
/// A store that was never forked has nothing below and pays for one look at an empty option.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay<T> {
    base: Option<Arc<T>>,
    own: T,
}

impl<T: Layer> Overlay<T> {
    pub(super) fn base(&self) -> Option<&T> {
        self.base.as_deref()
    }

    pub(super) fn own(&self) -> &T {
        &self.own
    }

    /// What is below, if there is something, and what is on top of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.base().into_iter().chain([&self.own])
    }

    /// What is below, to be looked at while what is on top is written.
    pub(super) fn split_mut(&mut self) -> (Option<&T>, &mut T) {
        (self.base.as_deref(), &mut self.own)
    }

    /// Makes one layer of the two, for what cannot be written on top.
    pub(super) fn flatten(&mut self) -> &mut T {
        if let Some(base) = self.base.take() {
            let upper = mem::replace(&mut self.own, Arc::unwrap_or_clone(base));
            self.own.merge_upper(upper);
        }
        &mut self.own
    }

    /// Copies what was written since the last fork; the first time that is nothing.
    pub(super) fn fork(&mut self) -> Self {
        // What is on top is copied by every fork, so it must stay the smaller part. It has grown by as
        // much as is copied here since this was done last, which is why this costs each write the same.
        if self.base().map_or(0, T::size) < self.own.size() {
            self.flatten();
            self.base = Some(Arc::new(mem::take(&mut self.own)));
        }
        self.clone()
    }
}

/// One value that forks share until one of them writes it, which copies it whole.
///
/// It is for what is small however much a store holds.
#[derive(Clone, Debug, Default)]
pub(super) struct CowCell<T> {
    // Invariant: while there is something in common, nothing is in `own`.
    shared: Option<Arc<T>>,
    own: T,
}

impl<T: Clone + Default> CowCell<T> {
    pub(super) fn get(&self) -> &T {
        self.shared.as_deref().unwrap_or(&self.own)
    }

    pub(super) fn to_mut(&mut self) -> &mut T {
        if let Some(common) = self.shared.take() {
            self.own = Arc::unwrap_or_clone(common);
        }
        &mut self.own
    }

    pub(super) fn fork(&mut self) -> Self {
        let own = &mut self.own;
        let common = self.shared.get_or_insert_with(|| Arc::new(mem::take(own)));
        Self {
            shared: Some(Arc::clone(common)),
            own: T::default(),
        }
    }
}

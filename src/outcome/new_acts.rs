use std::mem;

use flow_domain::record::Entry;

use crate::outcome::{ActOutcome, Outcome};

/// Where the acts since the last `then` step began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewActs {
    n_entries_before: usize,
    n_acts_before: usize,
}

/// The acts that no `then` step has checked yet.
impl Outcome {
    /// Begins the acts after a `then` step, or the first acts.
    pub(crate) fn begin_new_acts(&mut self) {
        self.new_acts = NewActs {
            n_entries_before: self.record.entries().len(),
            n_acts_before: self.acts.len(),
        };
    }

    /// Returns the entries of the record since the last `then` step before these acts.
    pub(crate) fn new_entries(&self) -> impl Iterator<Item = &Entry> {
        self.record.entries()[self.first_new_entry()..].iter()
    }

    /// Returns the index of the first entry of [`new_entries`](Self::new_entries).
    pub(super) fn first_new_entry(&self) -> usize {
        self.new_acts.n_entries_before.max(self.n_given_entries)
    }

    /// Returns the number of acts that a `then` step has checked before the new acts.
    pub(crate) fn n_checked_acts(&self) -> usize {
        self.new_acts.n_acts_before
    }

    /// Returns true if there are earlier acts, which a `then` step has checked.
    pub(crate) fn has_checked_acts(&self) -> bool {
        0 < self.new_acts.n_acts_before
    }

    /// Hides the acts that a `then` step has checked, as if they were given steps.
    pub(crate) fn hide_checked_acts(&mut self) -> CheckedActs {
        let new = self.acts.split_off(self.new_acts.n_acts_before);
        CheckedActs {
            acts: mem::replace(&mut self.acts, new),
            n_given_entries: mem::replace(
                &mut self.n_given_entries,
                self.new_acts.n_entries_before,
            ),
        }
    }

    /// Shows the acts again that [`hide_checked_acts`](Self::hide_checked_acts) has hidden.
    pub(crate) fn show_checked_acts(&mut self, mut checked: CheckedActs) {
        checked.acts.append(&mut self.acts);
        self.acts = checked.acts;
        self.n_given_entries = checked.n_given_entries;
    }
}

/// Acts that are hidden for a while.
#[must_use = "the acts stay hidden until they are shown again"]
pub(crate) struct CheckedActs {
    acts: Vec<ActOutcome>,
    n_given_entries: usize,
}

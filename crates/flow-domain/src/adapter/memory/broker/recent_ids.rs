use std::{collections::HashSet, mem, sync::Arc};

use crate::message::MessageId;

/// How many of the last ids are remembered at least.
const WINDOW: usize = 1_000;

/// The ids of the messages that were published last. A clone copies one window at most.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentIds {
    // Nothing iterates over the sets, because the order of a hash set differs from run to run.
    current: HashSet<MessageId>,
    previous: Arc<HashSet<MessageId>>,
}

impl RecentIds {
    /// Adds an id; returns false if it is one of the last.
    pub(super) fn insert(&mut self, id: MessageId) -> bool {
        if self.previous.contains(&id) || !self.current.insert(id) {
            return false;
        }
        if WINDOW <= self.current.len() {
            self.previous = Arc::new(mem::take(&mut self.current));
        }

        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn recent_ids_forget_only_what_is_old() {
        let id = |n| MessageId::new(Uuid::from_u128(n));
        let mut recent = RecentIds::default();
        for n in 0..2_500 {
            assert!(recent.insert(id(n)));
        }

        assert!(!recent.insert(id(2_499)));
        assert!(!recent.insert(id(1_500)));
        assert!(recent.insert(id(0)));
    }
}

use std::{collections::VecDeque, sync::Arc};

use crate::{
    adapter::memory::broker::topic_log::LogEntry,
    clock::Timestamp,
    message::{Envelope, StreamName},
    port::Backlog,
};

/// A message that a group went past and is not done with.
#[derive(Clone, Debug)]
pub(super) struct Unacknowledged {
    /// Through which of the group's cursors it came.
    pub(super) cursor: usize,
    pub(super) offset: u64,
    // Invariant: the mark of its stream.
    fingerprint: u64,
    pub(super) envelope: Arc<Envelope>,
    /// How often it was handed out, without those times that do not count.
    pub(super) attempt: u32,
    pub(super) state: DeliveryState,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DeliveryState {
    /// Never handed out: an earlier message of its stream was not done with.
    Waiting,
    /// Handed out, until the lease ends.
    Held { until: Timestamp },
    /// Given back.
    Refused { due: Timestamp },
}

impl Unacknowledged {
    /// A message that waits.
    pub(super) fn new(cursor: usize, entry: &LogEntry) -> Self {
        Self {
            cursor,
            offset: entry.offset,
            fingerprint: stream_fingerprint(&entry.envelope.metadata.stream),
            envelope: Arc::clone(&entry.envelope),
            attempt: 0,
            state: DeliveryState::Waiting,
        }
    }

    pub(super) fn stream(&self) -> &StreamName {
        &self.envelope.metadata.stream
    }

    /// When it can be handed out again, if it ever was.
    fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Waiting => None,
            DeliveryState::Held { until: again } | DeliveryState::Refused { due: again } => {
                Some(again)
            }
        }
    }

    /// Returns true if only an earlier message of its stream can be in the way.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_none_or(|again| again <= now)
    }
}

// Two streams of one mark are rare, and comparing it touches no other memory. Ids differ most often at
// their end.
fn stream_fingerprint(stream: &StreamName) -> u64 {
    let id = stream.id().as_bytes();
    let end = &id[id.len().saturating_sub(8)..];
    end.iter()
        .fold(0, |mark, byte| mark << 8 | u64::from(*byte))
}

/// What a group went past and is not done with, by place.
#[derive(Clone, Debug)]
pub(super) struct UnacknowledgedList {
    // Nearly always something is added at the end and taken from the front, which costs a deque
    // nothing; and it keeps its memory when it runs empty.
    // Invariant: the places grow.
    entries: VecDeque<Unacknowledged>,
    // Invariant: nothing was handed out and can be handed out again before this. It may be too
    // early, but not too late.
    earliest_due: Timestamp,
    // Invariant: the number of entries that are `Waiting`.
    n_waiting: usize,
    // Invariant: true if something was done with since the last read that went through all of this.
    needs_rescan: bool,
}

impl Default for UnacknowledgedList {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            earliest_due: Timestamp::MAX,
            n_waiting: 0,
            needs_rescan: false,
        }
    }
}

impl UnacknowledgedList {
    pub(super) fn get(&self, at: usize) -> Option<&Unacknowledged> {
        self.entries.get(at)
    }

    /// How many have a smaller place.
    pub(super) fn n_before(&self, place: u64) -> usize {
        self.entries.partition_point(|open| open.offset < place)
    }

    /// Returns true if something that was handed out might be due.
    pub(super) fn may_have_due(&self, now: Timestamp) -> bool {
        self.earliest_due <= now
    }

    /// Returns true if one of the first `n`, that came through one of `cursors`, is of this stream.
    pub(super) fn has_stream(&self, stream: &StreamName, n: usize, cursors: &[usize]) -> bool {
        let mark = stream_fingerprint(stream);
        self.entries.range(..n).any(|open| {
            open.fingerprint == mark && open.stream() == stream && cursors.contains(&open.cursor)
        })
    }

    pub(super) fn has_waiting(&self) -> bool {
        0 < self.n_waiting
    }

    /// Returns true if what waited may not have to any longer.
    pub(super) fn needs_rescan(&self) -> bool {
        self.needs_rescan
    }

    /// The place of the first message that came through `cursor`.
    pub(super) fn first_offset_of(&self, cursor: usize) -> Option<u64> {
        self.entries
            .iter()
            .find(|open| open.cursor == cursor)
            .map(|open| open.offset)
    }

    /// Adds what a cursor just went past, and has to wait; `at` is its rank by place.
    pub(super) fn insert(&mut self, at: usize, open: Unacknowledged) {
        self.n_waiting += 1;
        self.entries.insert(at, open);
    }

    /// Hands out once more, or for the first time what had to wait.
    pub(super) fn deliver(&mut self, at: usize, until: Timestamp) -> &Unacknowledged {
        let open = &mut self.entries[at];
        self.n_waiting -= usize::from(open.due_at().is_none());
        self.earliest_due = self.earliest_due.min(until);
        open.attempt = open.attempt.saturating_add(1);
        open.state = DeliveryState::Held { until };
        open
    }

    pub(super) fn acknowledge(&mut self, place: u128) {
        let Some(at) = self.index_at_offset(place) else {
            return;
        };

        let Some(open) = self.entries.remove(at) else {
            return;
        };

        self.n_waiting -= usize::from(open.due_at().is_none());
        self.needs_rescan = true;

        if self.entries.is_empty() {
            self.earliest_due = Timestamp::MAX;
        }
    }

    /// Gives back what was handed out as this attempt.
    pub(super) fn refuse(&mut self, place: u128, attempt: u32, due: Timestamp, counts: bool) {
        let Some(at) = self.index_at_offset(place) else {
            return;
        };

        let open = &mut self.entries[at];
        // Whoever lost the message to another consumer has no say in it any more, and what was given
        // back already is not counted back twice.
        let is_holder = matches!(open.state, DeliveryState::Held { .. }) && open.attempt == attempt;

        if !is_holder {
            return;
        }

        open.attempt -= u32::from(!counts);
        open.state = DeliveryState::Refused { due };
        self.earliest_due = self.earliest_due.min(due);
    }

    /// Notes that a read went through all that is here.
    pub(super) fn mark_fully_scanned(&mut self, now: Timestamp) {
        self.needs_rescan = false;
        if self.may_have_due(now) {
            let again = self.entries.iter().filter_map(Unacknowledged::due_at).min();
            self.earliest_due = again.unwrap_or(Timestamp::MAX);
        }
    }

    /// Notes that a read stopped before it had gone through all that is here.
    pub(super) fn mark_partly_scanned(&mut self) {
        self.needs_rescan = true;
    }

    /// Counts what came through one of `cursors`.
    pub(super) fn count_backlog(&self, cursors: &[usize]) -> Backlog {
        let mut backlog = Backlog::default();
        for open in self
            .entries
            .iter()
            .filter(|open| cursors.contains(&open.cursor))
        {
            match open.state {
                DeliveryState::Waiting => backlog.unread += 1,
                DeliveryState::Held { .. } => backlog.held += 1,
                DeliveryState::Refused { .. } => backlog.refused += 1,
            }
            let due = [backlog.next_due, open.due_at()];
            backlog.next_due = due.into_iter().flatten().min();
        }

        backlog
    }

    fn index_at_offset(&self, place: u128) -> Option<usize> {
        let by_place = |open: &Unacknowledged| u128::from(open.offset).cmp(&place);
        self.entries.binary_search_by(by_place).ok()
    }
}

use std::{collections::VecDeque, sync::Arc};

use crate::{
    adapter::memory::broker::topic_log::LogEntry,
    clock::Timestamp,
    message::{Envelope, StreamName},
    port::Backlog,
};

/// A message that a cursor of a group has passed, and that the group has not acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Unacknowledged {
    /// The index of the cursor that passed it.
    pub(super) cursor_idx: usize,
    pub(super) offset: u64,
    // Invariant: the fingerprint of its stream.
    fingerprint: u64,
    pub(super) envelope: Arc<Envelope>,
    /// The number of its deliveries. A delivery that was refused without counting is left out.
    pub(super) attempt: u32,
    pub(super) state: DeliveryState,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DeliveryState {
    /// Never delivered, because an earlier message of its stream blocked it.
    Waiting,
    /// Delivered, with a lease that ends at `until`.
    Held { until: Timestamp },
    /// Refused, to be redelivered at `due`.
    Refused { due: Timestamp },
}

impl Unacknowledged {
    /// Makes a waiting message.
    pub(super) fn new(cursor_idx: usize, entry: &LogEntry) -> Self {
        Self {
            cursor_idx,
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

    /// Returns when the message can be redelivered, or `None` if it is waiting.
    fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Waiting => None,
            DeliveryState::Held { until: due } | DeliveryState::Refused { due } => Some(due),
        }
    }

    /// Returns true if the message can be delivered.
    ///
    /// An earlier message of its stream may still block it.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_none_or(|due| due <= now)
    }
}

/// Returns a number that rarely is the same for two streams.
///
/// A comparison of fingerprints is cheap, because it reads no memory outside of the list. The fingerprint
/// is the end of the id, because most ids differ there.
fn stream_fingerprint(stream: &StreamName) -> u64 {
    let id = stream.id().as_bytes();
    let end = &id[id.len().saturating_sub(8)..];

    end.iter()
        .fold(0, |fingerprint, byte| fingerprint << 8 | u64::from(*byte))
}

/// The unacknowledged messages of a group, by offset.
#[derive(Clone, Debug)]
pub(super) struct UnacknowledgedList {
    // Nearly all messages are added at the end and removed from the front, which is cheap in a deque. The
    // deque keeps its memory when it becomes empty.
    // Invariant: the offsets grow.
    entries: VecDeque<Unacknowledged>,
    // Invariant: no held or refused message is due before this time. This time may be too early,
    // but never too late.
    earliest_due: Timestamp,
    // Invariant: the number of entries that are `Waiting`.
    n_waiting: usize,
    // Invariant: true if a message was acknowledged since the last read of the whole list. Also true if
    // the last read stopped early.
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
    pub(super) fn get(&self, idx: usize) -> Option<&Unacknowledged> {
        self.entries.get(idx)
    }

    /// Returns the number of messages before `offset`.
    pub(super) fn n_before(&self, offset: u64) -> usize {
        self.entries
            .partition_point(|message| message.offset < offset)
    }

    /// Returns true if a held or refused message may be due.
    pub(super) fn may_have_due(&self, now: Timestamp) -> bool {
        self.earliest_due <= now
    }

    /// Returns true if one of the first `n` messages is of this stream and of one of these cursors.
    pub(super) fn has_stream(
        &self,
        stream: &StreamName,
        n: usize,
        cursor_indices: &[usize],
    ) -> bool {
        let fingerprint = stream_fingerprint(stream);

        self.entries.range(..n).any(|message| {
            message.fingerprint == fingerprint
                && message.stream() == stream
                && cursor_indices.contains(&message.cursor_idx)
        })
    }

    pub(super) fn has_waiting(&self) -> bool {
        0 < self.n_waiting
    }

    /// Returns true if a waiting message may be unblocked since the last read.
    pub(super) fn needs_rescan(&self) -> bool {
        self.needs_rescan
    }

    /// Returns the offset of the first message that this cursor passed.
    pub(super) fn first_offset_of(&self, cursor_idx: usize) -> Option<u64> {
        self.entries
            .iter()
            .find(|message| message.cursor_idx == cursor_idx)
            .map(|message| message.offset)
    }

    /// Inserts a waiting message that a cursor has just passed. `idx` is its position by offset.
    pub(super) fn insert(&mut self, idx: usize, message: Unacknowledged) {
        self.n_waiting += 1;
        self.entries.insert(idx, message);
    }

    /// Marks a message as held until `until`, and counts the attempt.
    pub(super) fn deliver(&mut self, idx: usize, until: Timestamp) -> &Unacknowledged {
        let message = &mut self.entries[idx];
        self.n_waiting -= usize::from(message.due_at().is_none());
        self.earliest_due = self.earliest_due.min(until);

        message.attempt = message.attempt.saturating_add(1);
        message.state = DeliveryState::Held { until };
        message
    }

    /// Removes a message. Does nothing if it is not in the list any more.
    pub(super) fn acknowledge(&mut self, offset: u128) {
        let Some(idx) = self.index_of(offset) else {
            return;
        };
        let Some(message) = self.entries.remove(idx) else {
            return;
        };

        self.n_waiting -= usize::from(message.due_at().is_none());
        self.needs_rescan = true;
        if self.entries.is_empty() {
            self.earliest_due = Timestamp::MAX;
        }
    }

    /// Refuses a message, if it is still held with this attempt number.
    pub(super) fn refuse(
        &mut self,
        offset: u128,
        attempt: u32,
        due: Timestamp,
        count_attempt: bool,
    ) {
        let Some(idx) = self.index_of(offset) else {
            return;
        };
        let message = &mut self.entries[idx];

        // A consumer that lost the message to another consumer must not refuse it. A second refusal
        // must not lower the attempt number again.
        let is_holder =
            matches!(message.state, DeliveryState::Held { .. }) && message.attempt == attempt;
        if !is_holder {
            return;
        }

        message.attempt -= u32::from(!count_attempt);
        message.state = DeliveryState::Refused { due };
        self.earliest_due = self.earliest_due.min(due);
    }

    /// Records that a read visited the whole list.
    pub(super) fn mark_fully_scanned(&mut self, now: Timestamp) {
        self.needs_rescan = false;

        if self.may_have_due(now) {
            let earliest_due = self.entries.iter().filter_map(Unacknowledged::due_at).min();
            self.earliest_due = earliest_due.unwrap_or(Timestamp::MAX);
        }
    }

    /// Records that a read stopped before the end of the list.
    pub(super) fn mark_partly_scanned(&mut self) {
        self.needs_rescan = true;
    }

    /// Counts the messages that these cursors passed, by state.
    pub(super) fn count_backlog(&self, cursor_indices: &[usize]) -> Backlog {
        let mut backlog = Backlog::default();

        for message in &self.entries {
            if !cursor_indices.contains(&message.cursor_idx) {
                continue;
            }

            match message.state {
                DeliveryState::Waiting => backlog.unread += 1,
                DeliveryState::Held { .. } => backlog.held += 1,
                DeliveryState::Refused { .. } => backlog.refused += 1,
            }
            let due = [backlog.next_due, message.due_at()];
            backlog.next_due = due.into_iter().flatten().min();
        }

        backlog
    }

    fn index_of(&self, offset: u128) -> Option<usize> {
        self.entries
            .binary_search_by(|message| u128::from(message.offset).cmp(&offset))
            .ok()
    }
}

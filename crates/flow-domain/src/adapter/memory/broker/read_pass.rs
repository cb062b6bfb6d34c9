use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            group::Group,
            topic_log::{LogEntry, TopicLog},
            unacknowledged::Unacknowledged,
        },
        small_map::SmallMap,
    },
    clock::Timestamp,
    message::StreamName,
    port::{ReadRequest, ReceivedMessage},
};

/// One read of a group.
///
/// It visits the unacknowledged and the unread messages of the requested topics, in the order of
/// publication.
pub(super) struct ReadPass<'a> {
    group: &'a mut Group,
    logs: &'a [TopicLog],
    request: &'a ReadRequest<'a>,
    lease_until: Timestamp,
    /// The number of unacknowledged messages that the pass skipped at the start. None of them was due.
    n_skipped: usize,
    /// The index of the next unacknowledged message to visit.
    next_idx: usize,
    /// The next unread message, and the index of its cursor.
    next_unread: Option<(usize, &'a LogEntry)>,
    /// The streams with a message that the pass visited but could not deliver.
    blocked_streams: SmallMap<StreamName, ()>,
    received: Vec<ReceivedMessage>,
}

impl<'a> ReadPass<'a> {
    /// Starts a pass. `first_unread` is the first unread message, and the index of its cursor.
    ///
    /// If `may_be_due` is false, no unacknowledged message can be delivered. Then the pass skips those
    /// before `first_unread`.
    pub(super) fn new(
        group: &'a mut Group,
        logs: &'a [TopicLog],
        request: &'a ReadRequest<'a>,
        first_unread: Option<(usize, &'a LogEntry)>,
        may_be_due: bool,
    ) -> Self {
        let n_skipped = match first_unread {
            Some((_, entry)) if !may_be_due => group.unacknowledged.n_before(entry.offset),
            _ => 0,
        };

        Self {
            lease_until: request.now + request.lease,
            n_skipped,
            next_idx: n_skipped,
            next_unread: first_unread,
            blocked_streams: SmallMap::default(),
            received: Vec::new(),
            group,
            logs,
            request,
        }
    }

    pub(super) fn run(mut self) -> Vec<ReceivedMessage> {
        while self.received.len() < self.request.limit {
            let has_visited = self.visit_next();
            if !has_visited {
                let now = self.request.now;
                self.group.unacknowledged.mark_fully_scanned(now);
                return self.received;
            }
        }

        self.group.unacknowledged.mark_partly_scanned();
        self.received
    }

    /// Visits the message with the lowest offset, and returns false if there is none.
    fn visit_next(&mut self) -> bool {
        let next_unacknowledged = self.group.unacknowledged.get(self.next_idx);
        match (next_unacknowledged, self.next_unread) {
            (Some(message), Some((_, entry))) if message.offset < entry.offset => {
                self.visit_unacknowledged();
            }
            (_, Some((cursor_idx, entry))) => self.visit_unread(cursor_idx, entry),
            (Some(_), None) => self.visit_unacknowledged(),
            (None, None) => return false,
        }

        self.next_idx += 1;
        true
    }

    fn visit_unacknowledged(&mut self) {
        let Some(message) = self.group.unacknowledged.get(self.next_idx) else {
            return;
        };
        if !self.group.read_cursors.contains(&message.cursor_idx) {
            return;
        }

        if message.is_due(self.request.now) && !self.is_blocked(message.stream()) {
            self.deliver();
        } else if self.request.ordered {
            let stream = message.stream();
            self.blocked_streams
                .get_or_default(stream, || stream.clone());
        }
    }

    fn visit_unread(&mut self, cursor_idx: usize, entry: &LogEntry) {
        let is_blocked = self.is_blocked(&entry.envelope.metadata.stream);

        // The cursor passes the message, even if it is blocked. From here on, the list of
        // unacknowledged messages keeps it until its acknowledgement.
        self.group.advance(cursor_idx);
        self.next_unread = self.group.first_unread(self.logs);
        let message = Unacknowledged::new(cursor_idx, entry);
        self.group.unacknowledged.insert(self.next_idx, message);

        if !is_blocked {
            self.deliver();
        }
    }

    /// Delivers the message at `next_idx`.
    fn deliver(&mut self) {
        let message = self
            .group
            .unacknowledged
            .deliver(self.next_idx, self.lease_until);
        let (offset, attempt) = (message.offset.into(), message.attempt);
        let (cursor_idx, envelope) = (message.cursor_idx, Arc::clone(&message.envelope));
        let topic = self.logs[self.group.log_idx(cursor_idx)].topic().clone();

        let received = ReceivedMessage::new(topic, offset, envelope, attempt);
        self.received.push(received);
    }

    fn is_blocked(&self, stream: &StreamName) -> bool {
        // The pass did not visit the skipped messages, so `blocked_streams` does not have their streams.
        let is_blocked_by_skipped = || {
            let cursors = &self.group.read_cursors;
            self.group
                .unacknowledged
                .has_stream(stream, self.n_skipped, cursors)
        };

        self.request.ordered
            && (self.blocked_streams.get(stream).is_some() || is_blocked_by_skipped())
    }
}

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

/// One read: goes, in the order of publication, through what is open and what is new.
pub(super) struct ReadPass<'a> {
    group: &'a mut Group,
    logs: &'a [TopicLog],
    read: &'a ReadRequest<'a>,
    lease_until: Timestamp,
    /// How many of the open ones were passed over at the beginning, because none of them is due.
    n_skipped: usize,
    /// Which of the open ones comes next.
    next_idx: usize,
    /// Which of the new ones comes next, and its cursor.
    next_unread: Option<(usize, &'a LogEntry)>,
    /// The streams of which a message was met that is neither done with nor handed out by this read.
    blocked_streams: SmallMap<StreamName, ()>,
    received: Vec<ReceivedMessage>,
}

impl<'a> ReadPass<'a> {
    /// Begins with `new`, the first of the new ones. Passes over what is open before it unless some of
    /// that `may_be_due`.
    pub(super) fn new(
        group: &'a mut Group,
        logs: &'a [TopicLog],
        read: &'a ReadRequest<'a>,
        new: Option<(usize, &'a LogEntry)>,
        may_be_due: bool,
    ) -> Self {
        let n_skipped = match new {
            Some((_, entry)) if !may_be_due => group.unacknowledged.n_before(entry.offset),
            _ => 0,
        };

        Self {
            lease_until: read.now + read.lease,
            n_skipped,
            next_idx: n_skipped,
            next_unread: new,
            blocked_streams: SmallMap::default(),
            received: Vec::new(),
            group,
            logs,
            read,
        }
    }

    pub(super) fn run(mut self) -> Vec<ReceivedMessage> {
        while self.received.len() < self.read.limit {
            let is_anything_left = self.step();
            if !is_anything_left {
                self.group.unacknowledged.mark_fully_scanned(self.read.now);
                return self.received;
            }
        }

        self.group.unacknowledged.mark_partly_scanned();
        self.received
    }

    fn step(&mut self) -> bool {
        let open = self.group.unacknowledged.get(self.next_idx);
        match (open, self.next_unread) {
            (Some(open), Some((_, new))) if open.offset < new.offset => self.visit_unacknowledged(),
            (_, Some((cursor, new))) => self.visit_unread(cursor, new),
            (Some(_), None) => self.visit_unacknowledged(),
            (None, None) => return false,
        }

        self.next_idx += 1;
        true
    }

    fn visit_unacknowledged(&mut self) {
        let Some(open) = self.group.unacknowledged.get(self.next_idx) else {
            return;
        };

        if !self.group.read_cursors.contains(&open.cursor) {
            return;
        }

        if open.is_due(self.read.now) && !self.is_blocked(open.stream()) {
            self.deliver();
        } else if self.read.ordered {
            let stream = open.stream();
            self.blocked_streams
                .get_or_default(stream, || stream.clone());
        }
    }

    fn visit_unread(&mut self, cursor: usize, entry: &LogEntry) {
        let is_held_up = self.is_blocked(&entry.envelope.metadata.stream);
        self.group.advance(cursor);
        self.next_unread = self.group.first_unread(self.logs);
        let open = Unacknowledged::new(cursor, entry);
        self.group.unacknowledged.insert(self.next_idx, open);

        if !is_held_up {
            self.deliver();
        }
    }

    fn deliver(&mut self) {
        let open = self
            .group
            .unacknowledged
            .deliver(self.next_idx, self.lease_until);
        let (place, attempt) = (open.offset.into(), open.attempt);
        let (cursor, envelope) = (open.cursor, Arc::clone(&open.envelope));
        let topic = self.logs[self.group.log_idx(cursor)].topic().clone();
        let handed = ReceivedMessage::new(topic, place, envelope, attempt);

        self.received.push(handed);
    }

    fn is_blocked(&self, stream: &StreamName) -> bool {
        let Group {
            unacknowledged: open,
            read_cursors: wanted,
            ..
        } = &*self.group;

        self.read.ordered
            && (self.blocked_streams.get(stream).is_some()
                || open.has_stream(stream, self.n_skipped, wanted))
    }
}

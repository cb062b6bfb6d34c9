use crate::{
    adapter::memory::broker::{
        read_pass::ReadPass,
        topic_log::{LogEntry, TopicLog},
        unacknowledged::UnacknowledgedList,
    },
    port::{Backlog, ReadRequest, ReceivedMessage, StartFrom, Topic},
};

/// The progress of a consumer group in its topics.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    cursors: Vec<Cursor>,
    pub(super) unacknowledged: UnacknowledgedList,
    // The indices of the cursors of the last read. The next read nearly always names the same topics.
    // Such a read allocates no memory, and visits the waiting messages again only if it has to.
    pub(super) read_cursors: Vec<usize>,
}

/// The position of a group in one log.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    // Invariant: the index of an existing log.
    log_idx: usize,
    // Invariant: the index of the first message that the cursor has not passed.
    next_idx: usize,
}

impl Group {
    pub(super) fn subscribe(&mut self, log_idx: usize, log: &TopicLog, start: StartFrom) {
        if self.cursors.iter().any(|cursor| cursor.log_idx == log_idx) {
            return;
        }

        let next_idx = match start {
            StartFrom::Beginning => log.first(),
            StartFrom::Now => log.end(),
        };
        self.cursors.push(Cursor { log_idx, next_idx });
    }

    pub(super) fn read(
        &mut self,
        logs: &[TopicLog],
        request: &ReadRequest<'_>,
    ) -> Vec<ReceivedMessage> {
        let has_same_cursors = self.set_read_cursors(logs, request.topics);

        // A waiting message may be unblocked now if this read has other topics, or is not ordered.
        // It may also be unblocked if `needs_rescan` says so.
        let may_be_unblocked = self.unacknowledged.has_waiting()
            && (!has_same_cursors || !request.ordered || self.unacknowledged.needs_rescan());
        let may_be_due = may_be_unblocked || self.unacknowledged.may_have_due(request.now);
        let first_unread = self.first_unread(logs);

        // Most reads find nothing, and end here.
        if first_unread.is_none() && !may_be_due {
            return Vec::new();
        }
        ReadPass::new(self, logs, request, first_unread, may_be_due).run()
    }

    pub(super) fn backlog(&self, logs: &[TopicLog], topics: &[Topic]) -> Backlog {
        let cursor_indices: Vec<usize> = topics
            .iter()
            .filter_map(|topic| self.cursor_idx_of(logs, topic))
            .collect();

        let mut backlog = self.unacknowledged.count_backlog(&cursor_indices);
        backlog.unread += cursor_indices
            .iter()
            .map(|cursor_idx| self.cursors[*cursor_idx])
            .map(|cursor| logs[cursor.log_idx].end() - cursor.next_idx)
            .sum::<usize>();

        backlog
    }

    /// Returns the index of the first message of a log that this group has not acknowledged.
    ///
    /// Returns `None` if the group does not read the log.
    pub(super) fn first_unfinished(&self, log_idx: usize, log: &TopicLog) -> Option<usize> {
        let cursor_idx = self
            .cursors
            .iter()
            .position(|cursor| cursor.log_idx == log_idx)?;

        match self.unacknowledged.first_offset_of(cursor_idx) {
            Some(offset) => Some(log.index_at_offset(offset)),
            None => Some(self.cursors[cursor_idx].next_idx),
        }
    }

    /// Returns the first message that the cursors of the read have not passed.
    ///
    /// The returned number is the index of its cursor.
    pub(super) fn first_unread<'a>(&self, logs: &'a [TopicLog]) -> Option<(usize, &'a LogEntry)> {
        self.read_cursors
            .iter()
            .filter_map(|cursor_idx| {
                let Cursor { log_idx, next_idx } = self.cursors[*cursor_idx];
                Some((*cursor_idx, logs[log_idx].get(next_idx)?))
            })
            .min_by_key(|(_, entry)| entry.offset)
    }

    pub(super) fn advance(&mut self, cursor_idx: usize) {
        self.cursors[cursor_idx].next_idx += 1;
    }

    pub(super) fn log_idx(&self, cursor_idx: usize) -> usize {
        self.cursors[cursor_idx].log_idx
    }

    /// Sets the cursors of the read, and returns true if they are the same as in the last read.
    fn set_read_cursors(&mut self, logs: &[TopicLog], topics: &[Topic]) -> bool {
        let mut are_same = true;
        let mut n_cursors = 0;

        for topic in topics {
            let Some(cursor_idx) = self.cursor_idx_of(logs, topic) else {
                continue;
            };

            if self.read_cursors.get(n_cursors) != Some(&cursor_idx) {
                self.read_cursors.truncate(n_cursors);
                self.read_cursors.push(cursor_idx);
                are_same = false;
            }
            n_cursors += 1;
        }

        are_same &= n_cursors == self.read_cursors.len();
        self.read_cursors.truncate(n_cursors);

        are_same
    }

    fn cursor_idx_of(&self, logs: &[TopicLog], topic: &Topic) -> Option<usize> {
        self.cursors
            .iter()
            .position(|cursor| logs[cursor.log_idx].topic() == topic)
    }
}

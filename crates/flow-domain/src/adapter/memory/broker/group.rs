use crate::{
    adapter::memory::broker::{
        read_pass::ReadPass,
        topic_log::{LogEntry, TopicLog},
        unacknowledged::UnacknowledgedList,
    },
    port::{Backlog, ReadRequest, ReceivedMessage, StartFrom, Topic},
};

/// How far a group has come with its topics.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    cursors: Vec<Cursor>,
    pub(super) unacknowledged: UnacknowledgedList,
    // The cursors of the last read. They are kept because the next one nearly always asks for the same
    // topics: then they need no memory, and what was found to have to wait still has to.
    pub(super) read_cursors: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Cursor {
    // Invariant: the rank of a log that there is.
    log_idx: usize,
    // Invariant: the index of the first message that it has not gone past.
    next_idx: usize,
}

impl Group {
    pub(super) fn subscribe(&mut self, rank: usize, log: &TopicLog, start: StartFrom) {
        if self.cursors.iter().any(|cursor| cursor.log_idx == rank) {
            return;
        }

        let next = match start {
            StartFrom::Beginning => log.first(),
            StartFrom::Now => log.end(),
        };
        self.cursors.push(Cursor {
            log_idx: rank,
            next_idx: next,
        });
    }

    pub(super) fn read(
        &mut self,
        logs: &[TopicLog],
        read: &ReadRequest<'_>,
    ) -> Vec<ReceivedMessage> {
        let is_as_before = self.set_read_cursors(logs, read.topics);
        let may_be_freed = self.unacknowledged.has_waiting()
            && (!is_as_before || !read.ordered || self.unacknowledged.needs_rescan());
        let may_be_due = may_be_freed || self.unacknowledged.may_have_due(read.now);
        let new = self.first_unread(logs);

        // Most reads find nothing, and end here.
        if new.is_none() && !may_be_due {
            return Vec::new();
        }

        ReadPass::new(self, logs, read, new, may_be_due).run()
    }

    pub(super) fn backlog(&self, logs: &[TopicLog], topics: &[Topic]) -> Backlog {
        let cursors: Vec<usize> = topics
            .iter()
            .filter_map(|it| self.cursor_of(logs, it))
            .collect();
        let mut backlog = self.unacknowledged.count_backlog(&cursors);
        let cursors = cursors.iter().map(|cursor| self.cursors[*cursor]);

        backlog.unread += cursors
            .map(|cursor| logs[cursor.log_idx].end() - cursor.next_idx)
            .sum::<usize>();
        backlog
    }

    /// The index of the first message of a log that this group has not done with, if it reads it.
    pub(super) fn first_unfinished(&self, rank: usize, log: &TopicLog) -> Option<usize> {
        let cursor = self
            .cursors
            .iter()
            .position(|cursor| cursor.log_idx == rank)?;
        let open = self.unacknowledged.first_offset_of(cursor);

        Some(open.map_or(self.cursors[cursor].next_idx, |place| {
            log.index_at_offset(place)
        }))
    }

    /// The first message that no wanted cursor has gone past.
    pub(super) fn first_unread<'a>(&self, logs: &'a [TopicLog]) -> Option<(usize, &'a LogEntry)> {
        let heads = self.read_cursors.iter().filter_map(|cursor| {
            let Cursor {
                log_idx: log,
                next_idx: next,
            } = self.cursors[*cursor];
            Some((*cursor, logs[log].get(next)?))
        });

        heads.min_by_key(|(_, entry)| entry.offset)
    }

    pub(super) fn advance(&mut self, cursor: usize) {
        self.cursors[cursor].next_idx += 1;
    }

    pub(super) fn log_idx(&self, cursor: usize) -> usize {
        self.cursors[cursor].log_idx
    }

    /// Notes what is to be read, and returns true if it is the same as the last time.
    fn set_read_cursors(&mut self, logs: &[TopicLog], topics: &[Topic]) -> bool {
        let mut is_as_before = true;
        let mut n_wanted = 0;

        for topic in topics {
            let Some(cursor) = self.cursor_of(logs, topic) else {
                continue;
            };

            if self.read_cursors.get(n_wanted) != Some(&cursor) {
                self.read_cursors.truncate(n_wanted);
                self.read_cursors.push(cursor);
                is_as_before = false;
            }

            n_wanted += 1;
        }

        is_as_before &= n_wanted == self.read_cursors.len();
        self.read_cursors.truncate(n_wanted);

        is_as_before
    }

    fn cursor_of(&self, logs: &[TopicLog], topic: &Topic) -> Option<usize> {
        self.cursors
            .iter()
            .position(|cursor| logs[cursor.log_idx].topic() == topic)
    }
}

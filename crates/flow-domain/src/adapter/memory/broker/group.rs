use crate::{
    adapter::memory::broker::{
        handing::Handing,
        log::{Entry, Log},
        open::OpenList,
    },
    port::{Backlog, Handed, Read, StartFrom, Topic},
};

/// How far a group has come with its topics.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    cursors: Vec<Cursor>,
    pub(super) open: OpenList,
    // The cursors of the last read. They are kept because the next one nearly always asks for the same
    // topics: then they need no memory, and what was found to have to wait still has to.
    pub(super) wanted: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Cursor {
    // Invariant: the rank of a log that there is.
    log: usize,
    // Invariant: the index of the first message that it has not gone past.
    next: usize,
}

impl Group {
    pub(super) fn subscribe(&mut self, rank: usize, log: &Log, start: StartFrom) {
        if self.cursors.iter().any(|cursor| cursor.log == rank) {
            return;
        }
        let next = match start {
            StartFrom::Beginning => log.first(),
            StartFrom::Now => log.end(),
        };
        self.cursors.push(Cursor { log: rank, next });
    }

    pub(super) fn read(&mut self, logs: &[Log], read: &Read<'_>) -> Vec<Handed> {
        let is_as_before = self.want(logs, read.topics);
        let may_be_freed =
            self.open.has_waiting() && (!is_as_before || !read.ordered || self.open.is_changed());
        let may_be_due = may_be_freed || self.open.is_due(read.now);
        let new = self.next_new(logs);
        // Most reads find nothing, and end here.
        if new.is_none() && !may_be_due {
            return Vec::new();
        }
        Handing::new(self, logs, read, new, may_be_due).run()
    }

    pub(super) fn backlog(&self, logs: &[Log], topics: &[Topic]) -> Backlog {
        let cursors: Vec<usize> = topics.iter().filter_map(|it| self.find(logs, it)).collect();
        let mut backlog = self.open.count(&cursors);
        let cursors = cursors.iter().map(|cursor| self.cursors[*cursor]);
        backlog.unread += cursors
            .map(|cursor| logs[cursor.log].end() - cursor.next)
            .sum::<usize>();
        backlog
    }

    /// The index of the first message of a log that this group has not done with, if it reads it.
    pub(super) fn first_not_done(&self, rank: usize, log: &Log) -> Option<usize> {
        let cursor = self.cursors.iter().position(|cursor| cursor.log == rank)?;
        let open = self.open.first_of(cursor);
        Some(open.map_or(self.cursors[cursor].next, |place| log.index_of(place)))
    }

    /// The first message that no wanted cursor has gone past.
    pub(super) fn next_new<'a>(&self, logs: &'a [Log]) -> Option<(usize, &'a Entry)> {
        let heads = self.wanted.iter().filter_map(|cursor| {
            let Cursor { log, next } = self.cursors[*cursor];
            Some((*cursor, logs[log].get(next)?))
        });
        heads.min_by_key(|(_, entry)| entry.place)
    }

    pub(super) fn go_past(&mut self, cursor: usize) {
        self.cursors[cursor].next += 1;
    }

    pub(super) fn log(&self, cursor: usize) -> usize {
        self.cursors[cursor].log
    }

    /// Notes what is to be read, and returns true if it is the same as the last time.
    fn want(&mut self, logs: &[Log], topics: &[Topic]) -> bool {
        let mut is_as_before = true;
        let mut n_wanted = 0;
        for topic in topics {
            let Some(cursor) = self.find(logs, topic) else {
                continue;
            };
            if self.wanted.get(n_wanted) != Some(&cursor) {
                self.wanted.truncate(n_wanted);
                self.wanted.push(cursor);
                is_as_before = false;
            }
            n_wanted += 1;
        }
        is_as_before &= n_wanted == self.wanted.len();
        self.wanted.truncate(n_wanted);
        is_as_before
    }

    fn find(&self, logs: &[Log], topic: &Topic) -> Option<usize> {
        let mut cursors = self.cursors.iter();
        cursors.position(|cursor| logs[cursor.log].topic() == topic)
    }
}

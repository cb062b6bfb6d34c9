use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            group::Group,
            log::{Entry, Log},
            open::Open,
        },
        keyed::Keyed,
    },
    clock::Timestamp,
    message::StreamName,
    port::{Handed, Read},
};

/// One read: goes, in the order of publication, through what is open and what is new.
pub(super) struct Handing<'a> {
    group: &'a mut Group,
    logs: &'a [Log],
    read: &'a Read<'a>,
    until: Timestamp,
    /// How many of the open ones were passed over at the beginning, because none of them is due.
    n_skipped: usize,
    /// Which of the open ones comes next.
    at: usize,
    /// Which of the new ones comes next, and its cursor.
    new: Option<(usize, &'a Entry)>,
    /// The streams of which a message was met that is neither done with nor handed out by this read.
    held_up: Keyed<StreamName, ()>,
    handed: Vec<Handed>,
}

impl<'a> Handing<'a> {
    /// Begins with `new`, the first of the new ones. Passes over what is open before it unless some of
    /// that `may_be_due`.
    pub(super) fn new(
        group: &'a mut Group,
        logs: &'a [Log],
        read: &'a Read<'a>,
        new: Option<(usize, &'a Entry)>,
        may_be_due: bool,
    ) -> Self {
        let n_skipped = match new {
            Some((_, entry)) if !may_be_due => group.open.n_before(entry.place),
            _ => 0,
        };
        Self {
            until: read.now + read.lease,
            n_skipped,
            at: n_skipped,
            new,
            held_up: Keyed::default(),
            handed: Vec::new(),
            group,
            logs,
            read,
        }
    }

    pub(super) fn run(mut self) -> Vec<Handed> {
        while self.handed.len() < self.read.limit {
            let is_anything_left = self.step();
            if !is_anything_left {
                self.group.open.walked_through(self.read.now);
                return self.handed;
            }
        }
        self.group.open.stopped_early();
        self.handed
    }

    fn step(&mut self) -> bool {
        let open = self.group.open.get(self.at);
        match (open, self.new) {
            (Some(open), Some((_, new))) if open.place < new.place => self.take_open(),
            (_, Some((cursor, new))) => self.take_new(cursor, new),
            (Some(_), None) => self.take_open(),
            (None, None) => return false,
        }
        self.at += 1;
        true
    }

    fn take_open(&mut self) {
        let Some(open) = self.group.open.get(self.at) else {
            return;
        };
        if !self.group.wanted.contains(&open.cursor) {
            return;
        }
        if open.is_due(self.read.now) && !self.is_held_up(open.stream()) {
            self.hand_out();
        } else if self.read.ordered {
            let stream = open.stream();
            self.held_up.get_or_default(stream, || stream.clone());
        }
    }

    fn take_new(&mut self, cursor: usize, entry: &Entry) {
        let is_held_up = self.is_held_up(&entry.envelope.metadata.stream);
        self.group.go_past(cursor);
        self.new = self.group.next_new(self.logs);
        let open = Open::new(cursor, entry);
        self.group.open.insert(self.at, open);
        if !is_held_up {
            self.hand_out();
        }
    }

    fn hand_out(&mut self) {
        let open = self.group.open.hand_out(self.at, self.until);
        let (place, attempt) = (open.place.into(), open.attempt);
        let (cursor, envelope) = (open.cursor, Arc::clone(&open.envelope));
        let topic = self.logs[self.group.log(cursor)].topic().clone();
        let handed = Handed::new(topic, place, envelope, attempt);
        self.handed.push(handed);
    }

    fn is_held_up(&self, stream: &StreamName) -> bool {
        let Group { open, wanted, .. } = &*self.group;
        self.read.ordered
            && (self.held_up.get(stream).is_some()
                || open.has_stream(stream, self.n_skipped, wanted))
    }
}

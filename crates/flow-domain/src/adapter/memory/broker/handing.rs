use std::sync::Arc;

use crate::{
    adapter::memory::{
        broker::{
            group::Group,
            log::{Entry, Log},
            open::{Open, OpenState},
        },
        keyed::Keyed,
    },
    clock::Timestamp,
    message::{Envelope, StreamName},
    port::{Handed, Read},
};

/// One read: goes, in the order of publication, through what is open and what is new.
pub(super) struct Handing<'a> {
    group: &'a mut Group,
    logs: &'a [Log],
    read: &'a Read<'a>,
    until: Timestamp,
    /// Which of the open ones comes next.
    at: usize,
    /// Which of the new ones comes next, and its cursor.
    new: Option<(usize, &'a Entry)>,
    /// The streams with a message before this that is neither done with nor handed out by this read.
    held_up: Keyed<StreamName, ()>,
    handed: Vec<Handed>,
}

impl<'a> Handing<'a> {
    /// Begins with the place `from`.
    pub(super) fn new(
        group: &'a mut Group,
        logs: &'a [Log],
        read: &'a Read<'a>,
        from: u64,
    ) -> Self {
        Self {
            until: read.now + read.lease,
            at: group.open.n_before(from),
            new: group.next_new(logs),
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
            let open = self.group.open.hand_out(self.at, self.until);
            let (cursor, place, attempt) = (open.cursor, open.place, open.attempt);
            let envelope = Arc::clone(&open.envelope);
            self.hand(cursor, place, envelope, attempt);
        } else if self.read.ordered {
            let stream = open.stream();
            self.held_up.get_or_default(stream, || stream.clone());
        }
    }

    fn take_new(&mut self, cursor: usize, entry: &Entry) {
        let place = entry.place;
        let is_held_up = self.is_held_up(&entry.envelope.metadata.stream);
        let until = self.until;
        let (attempt, state) = if is_held_up {
            (0, OpenState::Waiting)
        } else {
            (1, OpenState::Held { until })
        };
        self.group.go_past(cursor);
        self.new = self.group.next_new(self.logs);
        let open = Open {
            cursor,
            place,
            envelope: Arc::clone(&entry.envelope),
            attempt,
            state,
        };
        self.group.open.insert(self.at, open);
        if !is_held_up {
            self.hand(cursor, place, Arc::clone(&entry.envelope), attempt);
        }
    }

    fn hand(&mut self, cursor: usize, place: u64, envelope: Arc<Envelope>, attempt: u32) {
        let topic = self.logs[self.group.log(cursor)].topic().clone();
        let handed = Handed::new(topic, place.into(), envelope, attempt);
        self.handed.push(handed);
    }

    fn is_held_up(&self, stream: &StreamName) -> bool {
        self.read.ordered && self.held_up.get(stream).is_some()
    }
}

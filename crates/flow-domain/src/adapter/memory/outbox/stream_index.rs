use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::message::{MessageKind, StreamName};

/// The rows of one stream are sent in order. The commands and the events of one aggregate are two streams.
pub(super) type StreamKey = (MessageKind, StreamName);

/// The numbers of rows by stream, so that a claim visits no row that waits for another one.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamIndex {
    // Nothing iterates over it, because the order of a hash map differs from run to run.
    // Invariant: it maps the key of each stream that has rows to its index in `streams`.
    by_key: HashMap<StreamKey, usize>,
    streams: Vec<StreamRows>,
    // The indexes in `streams` that have no rows.
    unused: Vec<usize>,
    // Invariant: the first row of each stream without a tried row.
    heads: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct StreamRows {
    key: StreamKey,
    // Invariant: in ascending order.
    numbers: VecDeque<u64>,
    /// How many of the rows are claimed, or have failed.
    n_tried: usize,
}

impl StreamIndex {
    /// Adds a row, and returns the index of its stream. It stays the same while the stream has rows.
    pub(super) fn add(&mut self, key: StreamKey, number: u64) -> usize {
        let idx = match self.by_key.get(&key) {
            Some(idx) => *idx,
            None => self.add_stream(key),
        };

        self.change(idx, |stream| {
            let place = stream.numbers.partition_point(|other| *other < number);
            stream.numbers.insert(place, number);
        });
        idx
    }

    fn add_stream(&mut self, key: StreamKey) -> usize {
        let stream = StreamRows {
            key: key.clone(),
            numbers: VecDeque::new(),
            n_tried: 0,
        };
        let idx = self.unused.pop().unwrap_or(self.streams.len());
        if idx < self.streams.len() {
            self.streams[idx] = stream;
        } else {
            self.streams.push(stream);
        }

        self.by_key.insert(key, idx);
        idx
    }

    /// Removes a row that is not marked as tried.
    pub(super) fn remove(&mut self, idx: usize, number: u64) {
        self.change(idx, |stream| {
            if let Ok(place) = stream.numbers.binary_search(&number) {
                stream.numbers.remove(place);
            }
        });

        let stream = &mut self.streams[idx];
        if stream.numbers.is_empty() {
            stream.numbers = VecDeque::new();
            self.by_key.remove(&stream.key);
            self.unused.push(idx);
        }
    }

    /// Notes that a row of a stream is tried now.
    pub(super) fn mark_tried(&mut self, idx: usize) {
        self.change(idx, |stream| stream.n_tried += 1);
    }

    /// Notes that a row of a stream is not tried any more.
    pub(super) fn unmark_tried(&mut self, idx: usize) {
        self.change(idx, |stream| stream.n_tried -= 1);
    }

    /// Changes a stream, and keeps `heads` right.
    fn change(&mut self, idx: usize, change: impl FnOnce(&mut StreamRows)) {
        let stream = &mut self.streams[idx];
        let before = stream.head();
        change(stream);
        let after = stream.head();

        if before != after {
            before.map(|head| self.heads.remove(&head));
            after.map(|head| self.heads.insert(head));
        }
    }

    /// Iterates over the first rows of the streams without a tried row, in ascending order.
    pub(super) fn heads(&self) -> impl Iterator<Item = u64> {
        self.heads.iter().copied()
    }

    /// Returns the first row of a stream.
    pub(super) fn first(&self, idx: usize) -> Option<u64> {
        self.streams[idx].numbers.front().copied()
    }

    /// Returns the row of a stream after this one.
    pub(super) fn next(&self, idx: usize, number: u64) -> Option<u64> {
        let numbers = &self.streams[idx].numbers;
        let place = numbers.partition_point(|other| *other <= number);
        numbers.get(place).copied()
    }
}

impl StreamRows {
    fn head(&self) -> Option<u64> {
        let first = self.numbers.front().copied();
        first.filter(|_| self.n_tried == 0)
    }
}

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    time::Duration,
};

use crate::{
    clock::Timestamp,
    engine::delivery::incoming::{IncomingMessage, Origin},
    message::{MessageType, StreamName},
};

/// The messages that a subscription has received and not settled, arranged by stream.
///
/// Only the first message of a stream can be started. While it waits for another attempt, it holds
/// back the later ones of its stream, and nothing else.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Queue {
    is_ordered: bool,
    // In boxes, because a map moves its values, and allocates room for several at once.
    messages: BTreeMap<QueueKey, Box<QueuedMessage>>,
    // Nothing iterates over the streams, because the order of a hash map differs from run to run.
    // Invariant: each stream has its first message in `messages`, and `next` leads to the others.
    streams: HashMap<StreamKey, StreamState>,
    // Invariant: the messages that can be started now.
    ready: BTreeSet<QueueKey>,
    // Invariant: the messages that wait for their next attempt.
    waiting: BTreeSet<(Timestamp, QueueKey)>,
    n_in_flight: usize,
    // Invariant: the number of messages that wait, or that a waiting message holds back.
    n_held_back: usize,
    next_number: u64,
}

/// The order in which messages are started. The primary lane goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct QueueKey {
    is_backfill: bool,
    /// The place in the source.
    pub(in crate::engine) place: u64,
    /// Distinguishes messages of several topics. It grows in the order of arrival.
    number: u64,
}

impl QueueKey {
    pub(in crate::engine) fn is_backfill(self) -> bool {
        self.is_backfill
    }
}

/// A stream within one lane. Between lanes there is no order.
type StreamKey = (bool, StreamName);

#[derive(Clone, Copy, Debug)]
struct StreamState {
    last: QueueKey,
    is_held_back: bool,
}

#[derive(Clone, Debug)]
pub(in crate::engine) struct QueuedMessage {
    pub(in crate::engine) incoming: IncomingMessage,
    pub(in crate::engine) state: MessageState,
    /// The next message of the stream.
    next: Option<QueueKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum MessageState {
    /// It waits for an earlier message of its stream.
    Behind,
    Ready,
    InFlight,
    /// It waits for its next attempt.
    Waiting {
        due: Timestamp,
        /// The type of the event, if it is newer than the program.
        newer: Option<MessageType>,
    },
}

impl Queue {
    pub(in crate::engine) fn new(is_ordered: bool) -> Self {
        Self {
            is_ordered,
            messages: BTreeMap::new(),
            streams: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            n_in_flight: 0,
            n_held_back: 0,
            next_number: 0,
        }
    }

    /// Adds a message behind the others of its stream; `due` is the time of its next attempt.
    pub(in crate::engine) fn push(
        &mut self,
        incoming: IncomingMessage,
        is_backfill: bool,
        due: Option<Timestamp>,
    ) {
        self.next_number += 1;
        let key = QueueKey {
            is_backfill,
            place: match incoming.origin {
                Origin::Partition { place, .. } => place,
                Origin::DeadLetter(_) => 0,
                Origin::Repeated => u64::MAX,
            },
            number: self.next_number,
        };

        let is_behind = self.add_to_stream(key, &incoming);
        let message = QueuedMessage {
            incoming,
            state: MessageState::Behind,
            next: None,
        };
        self.messages.insert(key, Box::new(message));
        match due {
            _ if is_behind => {}
            Some(due) => self.wait(key, due, None),
            None => self.make_ready(key),
        }
    }

    /// Returns true if the message must wait for another one.
    fn add_to_stream(&mut self, key: QueueKey, incoming: &IncomingMessage) -> bool {
        let Some(stream_key) = self.stream_key(key, incoming) else {
            return false;
        };

        match self.streams.entry(stream_key) {
            Entry::Vacant(vacant) => {
                vacant.insert(StreamState {
                    last: key,
                    is_held_back: false,
                });
                false
            }
            Entry::Occupied(mut occupied) => {
                let stream = occupied.get_mut();
                self.n_held_back += usize::from(stream.is_held_back);
                if let Some(last) = self.messages.get_mut(&stream.last) {
                    last.next = Some(key);
                }
                stream.last = key;
                true
            }
        }
    }

    /// Returns `None` if the message has no order. A dead letter has left its stream.
    fn stream_key(&self, key: QueueKey, incoming: &IncomingMessage) -> Option<StreamKey> {
        let has_order = self.is_ordered && !matches!(incoming.origin, Origin::DeadLetter(_));
        has_order.then(|| (key.is_backfill, incoming.envelope.metadata.stream.clone()))
    }

    fn make_ready(&mut self, key: QueueKey) {
        if let Some(message) = self.messages.get_mut(&key) {
            message.state = MessageState::Ready;
            self.ready.insert(key);
        }
    }

    /// Returns the messages that can be started now, in the order in which they should be.
    pub(in crate::engine) fn ready(&self) -> impl Iterator<Item = (QueueKey, &IncomingMessage)> {
        self.ready
            .iter()
            .filter_map(|key| Some((*key, &self.messages.get(key)?.incoming)))
    }

    /// Returns all messages, in the order of the source within each lane.
    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (QueueKey, &QueuedMessage)> {
        self.messages
            .iter()
            .map(|(key, message)| (*key, &**message))
    }

    /// Returns the messages that are not held back by one that waits, in the order of the source.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn ready_soon(&self) -> impl Iterator<Item = QueueKey> {
        let is_held_back = |(key, message): &(QueueKey, &QueuedMessage)| match message.state {
            MessageState::Waiting { .. } => true,
            MessageState::Behind => {
                let stream_key = self.stream_key(*key, &message.incoming);
                let stream = stream_key.and_then(|stream_key| self.streams.get(&stream_key));
                stream.is_some_and(|stream| stream.is_held_back)
            }
            MessageState::Ready | MessageState::InFlight => false,
        };

        self.iter()
            .filter(move |message| !is_held_back(message))
            .map(|(key, _)| key)
    }

    pub(in crate::engine) fn get(&self, key: QueueKey) -> Option<&QueuedMessage> {
        self.messages.get(&key).map(Box::as_ref)
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(in crate::engine) fn n_in_flight(&self) -> usize {
        self.n_in_flight
    }

    /// Returns the number of messages that are ready, or behind a message that is ready or in flight.
    pub(in crate::engine) fn n_ready_soon(&self) -> usize {
        self.messages.len() - self.n_held_back - self.n_in_flight
    }

    /// Marks a ready message as in flight; `None` if it is not ready.
    pub(in crate::engine) fn start(&mut self, key: QueueKey) -> Option<IncomingMessage> {
        if !self.ready.remove(&key) {
            return None;
        }

        let message = self.messages.get_mut(&key)?;
        message.state = MessageState::InFlight;
        self.n_in_flight += 1;
        Some(message.incoming.clone())
    }

    /// Removes a message, which frees the next one of its stream.
    pub(in crate::engine) fn finish(&mut self, key: QueueKey) {
        if let Some(message) = self.detach(key)
            && let Some(stream_key) = self.stream_key(key, &message.incoming)
        {
            match message.next {
                Some(next) => self.make_ready(next),
                None => {
                    self.streams.remove(&stream_key);
                }
            }
        }
    }

    /// Makes a message wait until `due`, with the number of its next attempt.
    pub(in crate::engine) fn retry(
        &mut self,
        key: QueueKey,
        attempt: u32,
        due: Timestamp,
        newer: Option<MessageType>,
    ) {
        self.leave_state(key);
        if let Some(message) = self.messages.get_mut(&key) {
            message.incoming.attempt = attempt;
            self.wait(key, due, newer);
        }
    }

    fn wait(&mut self, key: QueueKey, due: Timestamp, newer: Option<MessageType>) {
        if let Some(message) = self.messages.get_mut(&key) {
            message.state = MessageState::Waiting { due, newer };
            self.waiting.insert((due, key));
            self.hold_back(key, true);
        }
    }

    /// Makes the messages ready whose next attempt is due.
    ///
    /// No message waits for longer than `longest_wait`. A later due time is that of a clock that was ahead.
    pub(in crate::engine) fn wake_due(&mut self, now: Timestamp, longest_wait: Duration) {
        let latest = now + longest_wait;
        while let Some(last) = self.waiting.last().copied()
            && latest < last.0
        {
            self.waiting.remove(&last);
            self.waiting.insert((latest, last.1));
            if let Some(message) = self.messages.get_mut(&last.1)
                && let MessageState::Waiting { due, .. } = &mut message.state
            {
                *due = latest;
            }
        }

        while let Some((due, key)) = self.waiting.first().copied()
            && due <= now
        {
            self.leave_state(key);
            self.make_ready(key);
        }
    }

    /// Returns the messages that wait for another attempt, by their due time.
    pub(in crate::engine) fn waiting(&self) -> impl Iterator<Item = (QueueKey, &QueuedMessage)> {
        let waiting = self.waiting.iter();
        waiting.filter_map(|(_, key)| Some((*key, self.get(*key)?)))
    }

    /// Returns when the next message is due for another attempt.
    pub(in crate::engine) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// Removes all messages of a partition. It has all messages of its streams.
    pub(in crate::engine) fn remove_partition(&mut self, partition: u32) {
        let is_in_it = |message: &QueuedMessage| message.incoming.partition() == Some(partition);
        let gone = self.iter().filter(|(_, message)| is_in_it(message));
        let gone: Vec<QueueKey> = gone.map(|(key, _)| key).collect();

        for key in gone {
            if let Some(message) = self.detach(key)
                && let Some(stream_key) = self.stream_key(key, &message.incoming)
            {
                self.streams.remove(&stream_key);
            }
        }
    }

    /// Removes a message and its state, but leaves its stream as it is.
    fn detach(&mut self, key: QueueKey) -> Option<QueuedMessage> {
        self.leave_state(key);
        self.messages.remove(&key).map(|message| *message)
    }

    /// Takes a message out of the state that it is in.
    fn leave_state(&mut self, key: QueueKey) {
        let Some(message) = self.messages.get_mut(&key) else {
            return;
        };

        match std::mem::replace(&mut message.state, MessageState::Behind) {
            MessageState::Behind => {}
            MessageState::Ready => {
                self.ready.remove(&key);
            }
            MessageState::InFlight => self.n_in_flight -= 1,
            MessageState::Waiting { due, .. } => {
                self.waiting.remove(&(due, key));
                self.hold_back(key, false);
            }
        }
    }

    /// Counts a message and those behind it as held back, or as free again.
    fn hold_back(&mut self, key: QueueKey, is_held_back: bool) {
        let Some(message) = self.messages.get(&key) else {
            return;
        };
        if let Some(stream_key) = self.stream_key(key, &message.incoming)
            && let Some(stream) = self.streams.get_mut(&stream_key)
        {
            stream.is_held_back = is_held_back;
        }

        let n_messages = self.n_from(key);
        if is_held_back {
            self.n_held_back += n_messages;
        } else {
            self.n_held_back -= n_messages;
        }
    }

    /// Counts a message and those behind it in its stream.
    pub(in crate::engine) fn n_from(&self, key: QueueKey) -> usize {
        let first = self.messages.get(&key);
        std::iter::successors(first, |message| self.messages.get(&message.next?)).count()
    }
}

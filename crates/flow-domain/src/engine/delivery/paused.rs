use std::time::Duration;

use crate::{
    clock::Timestamp,
    engine::{
        delivery::attempt::Attempt,
        delivery::consumer::Consumer,
        delivery::queue::{MessageState, QueueKey, QueuedMessage},
    },
    error::Error,
    message::{MessageType, StreamName},
};

/// The delay before a newer event is tried again.
///
/// Only a newer program can handle it. It takes over, or this delay ends after its start.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// A stream that waits, in one subscription, because of an event that this program does not know yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PausedStream {
    /// The stream.
    pub stream: StreamName,
    /// The type of the event: it is newer than the one that the program knows.
    pub message_type: MessageType,
    /// When the event is tried again.
    pub retry_at: Timestamp,
}

/// Streams that wait for a newer program.
impl Consumer {
    /// Pauses the stream of a newer event. Other streams go on.
    ///
    /// It is not an attempt, and no failure: the event does not become a dead letter.
    pub(super) fn pause_stream(&mut self, attempt: &Attempt, error: &Error) {
        let incoming = &attempt.incoming;
        let metadata = &incoming.envelope.metadata;
        let due = attempt.ports.clock.now() + PAUSE;

        let is_new = !self.newer.contains(&metadata.id);
        if is_new {
            self.newer.push(metadata.id);
            tracing::warn!(
                subscription = &*self.name,
                stream = %metadata.stream,
                messaging.message.id = %metadata.id,
                event = %metadata.message_type,
                "a stream is paused: {error}"
            );
        }

        let newer = Some(metadata.message_type.clone());
        self.mark_touched(&incoming.origin);
        self.queue.retry(attempt.key, incoming.attempt, due, newer);
    }

    /// Returns the streams that wait for a newer program.
    pub(in crate::engine) fn paused_streams(&self) -> Vec<PausedStream> {
        let paused = self
            .newer_messages()
            .map(|(_, message, message_type, due)| PausedStream {
                stream: message.incoming.envelope.metadata.stream.clone(),
                message_type: message_type.clone(),
                retry_at: due,
            });

        paused.collect()
    }

    fn newer_messages(
        &self,
    ) -> impl Iterator<Item = (QueueKey, &QueuedMessage, &MessageType, Timestamp)> {
        self.queue
            .waiting()
            .filter_map(|(key, message)| match &message.state {
                MessageState::Waiting {
                    due,
                    newer: Some(newer),
                } => Some((key, message, newer, *due)),
                _ => None,
            })
    }

    /// Returns true if all that the subscription has left to try belongs to paused streams.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn is_paused_only(&self) -> bool {
        let paused = self
            .newer_messages()
            .map(|(key, ..)| self.queue.n_from(key));
        let n_paused: usize = paused.sum();
        0 < n_paused && n_paused == self.queue.len()
    }
}

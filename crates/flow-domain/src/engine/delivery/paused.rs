use std::time::Duration;

use crate::{
    clock::Timestamp,
    engine::{
        delivery::attempt::Attempt,
        delivery::consumer::Consumer,
        delivery::incoming::{IncomingMessage, SettleAction},
    },
    error::Error,
    message::{MessageId, MessageType, StreamName},
};

/// The delay before a newer event is tried again.
///
/// Only a newer program can handle it. It takes over, or this delay ends after its start.
const PAUSE: Duration = Duration::from_secs(30);

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
    pub(in crate::engine) message: MessageId,
    /// The number of messages that were released with the event, which is one of them.
    pub(in crate::engine) n_messages: usize,
}

/// Streams that wait for a newer program.
impl Consumer {
    /// Pauses the stream of a newer event. Other streams go on.
    ///
    /// It is not an attempt, and no failure: the event does not become a dead letter.
    pub(super) async fn pause_stream(
        &mut self,
        attempt: &Attempt,
        error: &Error,
    ) -> Result<(), Error> {
        let (ports, incoming) = (&*attempt.ports, &attempt.incoming);
        let metadata = &incoming.envelope.metadata;
        let now = ports.clock.now();
        let due = now + PAUSE;

        let n_followers = if self.settings.ordered {
            let ready = self.ready.iter();
            ready.filter(|later| later.shares_stream(incoming)).count()
        } else {
            0
        };

        if !self.resume_stream(incoming) {
            tracing::warn!(
                subscription = &*self.name,
                stream = %metadata.stream,
                messaging.message.id = %metadata.id,
                event = %metadata.message_type,
                "a stream is paused: {error}"
            );
        }
        // The messages that did not come back are handled by another program now.
        self.paused.retain(|paused| now <= paused.retry_at + PAUSE);
        self.paused.push(PausedStream {
            stream: metadata.stream.clone(),
            message_type: metadata.message_type.clone(),
            retry_at: due,
            message: metadata.id,
            n_messages: 1 + n_followers,
        });

        let action = SettleAction::Redeliver {
            due,
            counts_as_attempt: false,
        };
        self.settle_message(ports, incoming, action).await?;
        self.release_stream(ports, incoming, due).await
    }

    /// Ends the pause that this message began; returns false if it began none.
    pub(super) fn resume_stream(&mut self, incoming: &IncomingMessage) -> bool {
        let n_before = self.paused.len();
        let message = incoming.envelope.metadata.id;
        self.paused.retain(|paused| paused.message != message);

        self.paused.len() < n_before
    }
}

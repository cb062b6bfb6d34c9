use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, HandlerFailure},
    handler::{Catalog, Ports},
    message::{MessageId, Position, Recorded, StreamName},
};

/// What a rebuild read, wrote and skipped.
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "the report names the skipped events"]
pub struct RebuildReport {
    /// The number of events that were read: all events of the store.
    pub n_events: usize,
    /// The number of times that a projector handled an event.
    pub n_handled: usize,
    /// The number of rebuilt rows.
    pub n_rows: usize,
    /// The number of stored rows that were changed, inserted or deleted.
    pub n_changed: usize,
    /// The number of dead letters that were deleted, because the rebuild has handled their events.
    pub n_dead_letters: usize,
    /// The events that a projector failed on, in order. The rows are rebuilt without them. There are at most 1,000.
    pub skipped: Vec<SkippedEvent>,
    /// The event types that the domain does not know, in categories that no rebuilt projector reads, with the number of events of each.
    ///
    /// The rows are rebuilt without these events, too.
    pub unknown: BTreeMap<String, usize>,
}

/// An event that a projector failed on.
#[derive(Debug)]
#[non_exhaustive]
pub struct SkippedEvent {
    /// The stream of the event.
    pub stream: StreamName,
    /// The position of the event in the store.
    pub position: Position,
    /// The failure, with the projector and the event.
    pub failure: HandlerFailure,
    id: MessageId,
}

/// A skipped event as the store keeps it.
// Invariant: the names of the fields are part of the stored format.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSkippedEvent {
    stream: StreamName,
    position: u64,
    id: MessageId,
    handler: Option<String>,
    event: String,
    reason: String,
}

impl RebuildReport {
    /// Returns true if no event was skipped, and the domain knows all events.
    pub fn is_complete(&self) -> bool {
        self.skipped.is_empty() && self.unknown.is_empty()
    }
}

impl SkippedEvent {
    pub(super) fn new(event: &Recorded, failure: HandlerFailure) -> Self {
        Self {
            stream: event.stream().clone(),
            position: event.position,
            failure,
            id: event.metadata().id,
        }
    }

    /// Returns true if `handler` failed on the event.
    pub(super) fn is_of(&self, handler: &str, event: MessageId) -> bool {
        (self.failure.handler, self.id) == (Some(handler), event)
    }

    /// Reads the event again.
    pub(super) async fn read(&self, ports: &Ports) -> Result<Recorded, Error> {
        let before = Position::new(self.position.as_u64().saturating_sub(1));
        let mut events = ports.store.read_category(None, before, 1).await?;
        events
            .pop()
            .ok_or_else(|| Error::failed("reading a skipped event", "the store has it no more"))
    }

    pub(super) fn to_stored(&self) -> StoredSkippedEvent {
        StoredSkippedEvent {
            stream: self.stream.clone(),
            position: self.position.as_u64(),
            id: self.id,
            handler: self.failure.handler.map(str::to_owned),
            event: self.failure.message.clone(),
            reason: self.failure.error.with_causes().to_string(),
        }
    }
}

impl StoredSkippedEvent {
    pub(super) fn restore(self, catalog: &Catalog) -> SkippedEvent {
        let handler = self.handler.and_then(|name| {
            let mut names = catalog.subscriptions.iter().map(|it| it.handler);
            names.find(|handler| *handler == name)
        });
        let error = Error::stored(self.reason);

        SkippedEvent {
            stream: self.stream,
            position: Position::new(self.position),
            failure: HandlerFailure::new(handler, self.event, error),
            id: self.id,
        }
    }
}

fn pluralized(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

impl fmt::Display for RebuildReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} from {}, {} changed",
            pluralized(self.n_rows, "row"),
            pluralized(self.n_events, "event"),
            self.n_changed
        )?;

        if 0 < self.n_dead_letters {
            let dead_letters = pluralized(self.n_dead_letters, "dead letter");
            write!(f, ", {dead_letters} settled")?;
        }
        for skipped in &self.skipped {
            write!(f, "\n  skipped {skipped}")?;
        }
        for (message_type, n_events) in &self.unknown {
            write!(
                f,
                "\n  skipped {} of type {message_type}: the domain does not know this type",
                pluralized(*n_events, "event")
            )?;
        }

        Ok(())
    }
}

impl fmt::Display for SkippedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            position,
            failure,
            ..
        } = self;

        write!(f, "position {position} in {stream}: {failure}")
    }
}

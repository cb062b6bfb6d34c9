use std::{
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU32,
    sync::Arc,
};

use crate::{
    clock::Timestamp,
    message::{Envelope, MessageId, Payload, Processing, Recorded},
    record::{InvariantViolation, RolledBack},
};

/// Names one entry of a record; entries are numbered from 0 in the order in which they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(
    // One more than the number, so that an `Option` of it is no larger: there are many in a record.
    NonZeroU32,
);

impl EntryId {
    /// What stands in for an id when nobody records.
    pub(crate) const UNRECORDED: Self = Self(NonZeroU32::MAX);

    pub(crate) fn from_index(idx: usize) -> Self {
        let number = u32::try_from(idx)
            .ok()
            .and_then(|idx| NonZeroU32::new(idx.wrapping_add(1)));
        number.map_or(Self::UNRECORDED, Self)
    }

    /// The place of the entry in its record.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the record.
    pub id: EntryId,
    /// The entry that caused it; `None` for what came from outside.
    pub cause: Option<EntryId>,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub kind: EntryKind,
}

/// What can happen in a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A command was handed over, from outside or by a handler.
    CommandReceived(Arc<Envelope>),
    /// A handler began to handle the message that caused this entry.
    HandlerStarted {
        /// The handler.
        handler: &'static str,
        /// What kind of handler it is.
        kind: HandlerKind,
        /// How often it was tried with this message, from 1.
        attempt: u32,
    },
    /// The handling that caused this entry came to its end.
    HandlerEnded(HandlerOutcome),
    /// An aggregate or a handler raised an event; it is not stored yet.
    Raised(Arc<Envelope>),
    /// An event was stored.
    Appended(Recorded),
    /// A value was written or deleted.
    StateChanged(Box<StateChange>),
    /// The handling whose start caused this entry looked for something that is not there, and did not
    /// make it either.
    NotFound {
        /// Where it would be kept.
        table: Table,
        /// The id that it was looked for by.
        id: Arc<str>,
    },
    /// The handling whose start caused this entry broke a law that is looked after.
    InvariantViolated(Box<InvariantViolation>),
    /// Nobody handles the message that caused this entry.
    NoSubscriber,
    /// A command was handed over, to be sent later.
    Scheduled {
        /// The command.
        command: Arc<Envelope>,
        /// When it is to be sent.
        due: Timestamp,
    },
    /// A command that was to be sent is not to be sent any more.
    Cancelled(MessageId),
    /// The message that caused this entry was published.
    Published {
        /// The name of the topic: `order`, `order:backfill`.
        topic: String,
    },
    /// The message that caused this entry could not be published.
    PublishFailed {
        /// Why.
        reason: String,
        /// When it is tried again; `None` if it was abandoned.
        retry_at: Option<Timestamp>,
    },
    /// The handling whose start caused this entry failed, and is tried again.
    RetryScheduled(Timestamp),
    /// The message that caused this entry was given up on, after a failure of this handler.
    RetriesExhausted {
        /// The handler.
        handler: &'static str,
        /// How often it was tried.
        attempts: u32,
        /// Whether it is kept as a dead letter.
        is_dead_lettered: bool,
    },
    /// The command that caused this entry came too late to be handled.
    Expired,
    /// What a handler does when it has failed, failed as well.
    HandleErrorFailed {
        /// Why.
        reason: String,
    },
    /// The engine died after it had committed the handling whose start caused this entry.
    EngineCrashed,
    /// The engine stopped and started again, after the handling whose start caused this entry.
    EngineRestarted,
    /// Time passed; nothing else was left to do.
    ClockAdvanced {
        /// The time before.
        from: Timestamp,
    },
}

impl EntryKind {
    /// The message that came to be, if it is handled by an engine.
    pub(super) fn async_message_id(&self) -> Option<MessageId> {
        let metadata = match self {
            Self::Appended(event) => event.metadata(),
            Self::CommandReceived(command) | Self::Scheduled { command, .. } => &command.metadata,
            _ => return None,
        };
        (metadata.processing == Processing::Async).then_some(metadata.id)
    }
}

/// A state or row that was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// Where it is kept.
    pub table: Table,
    /// The id that it is kept under.
    pub id: Arc<str>,
    /// What was there before, if anything.
    pub before: Option<Payload>,
    /// What is there now; `None` if it was deleted.
    pub after: Option<Payload>,
}

/// The kinds of handler.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HandlerKind {
    /// Decides on commands.
    CommandHandler,
    /// Reacts to events.
    EventHandler,
    /// Joins events and issues commands.
    ProcessManager,
    /// Keeps a projection.
    Projector,
}

impl HandlerKind {
    /// What such a handler is called: `command handler`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandHandler => "command handler",
            Self::EventHandler => "event handler",
            Self::ProcessManager => "process manager",
            Self::Projector => "projector",
        }
    }
}

impl fmt::Display for HandlerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the handling of a message ended. Every handling has exactly one end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerOutcome {
    /// It was handled and what it did is committed.
    Handled,
    /// It was looked at and let go, for this reason; nothing was written.
    Filtered(String),
    /// The handler had handled it before and handles each message once.
    Deduplicated,
    /// The domain refused; what it had done is rolled back.
    Rejected(Box<RolledBack>),
    /// It failed; what it had done is rolled back.
    Failed(Box<RolledBack>),
}

/// Where a value is kept.
#[derive(Clone, Copy, Debug, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Table {
    /// What is kept there.
    pub kind: TableKind,
    /// The Rust name of what is kept there: `OrderDashboard`.
    pub name: &'static str,
}

impl Table {
    /// The table in which values of this kind and name are kept.
    pub const fn new(kind: TableKind, name: &'static str) -> Self {
        Self { kind, name }
    }
}

// The name is nearly always the same constant, which is cheaper to see than to read.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && (std::ptr::eq(self.name, other.name) || self.name == other.name)
    }
}

impl Hash for Table {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.name.hash(state);
    }
}

/// The kinds of stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TableKind {
    /// The state of aggregates that are kept as state.
    Aggregate,
    /// The state of process managers.
    ProcessManager,
    /// The rows of a projection.
    Projection,
    /// The messages that a handler that handles each `once` has handled.
    Inbox,
    /// How far subscriptions have come.
    Checkpoint,
    /// What was given up on.
    DeadLetter,
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aggregate => "aggregate",
            Self::ProcessManager => "process manager",
            Self::Projection => "projection",
            Self::Inbox => "inbox",
            Self::Checkpoint => "checkpoint",
            Self::DeadLetter => "dead letter",
        })
    }
}

use std::{
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU32,
    sync::Arc,
};

use crate::{
    clock::Timestamp,
    message::{Envelope, MessageId, Payload, Recorded},
    record::RolledBack,
};

/// The id of one entry of a record. Entries are numbered from 0 in the order in which they
/// happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(
    // One more than the index. It is never zero, so an `Option<EntryId>` needs no extra space.
    pub(super) NonZeroU32,
);

impl EntryId {
    /// The id of every entry while nothing is recorded.
    pub(crate) const UNRECORDED: Self = Self(NonZeroU32::MAX);
}

/// What happened, with its data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A command was submitted, from outside or by a handler.
    CommandReceived(Arc<Envelope>),
    /// A handler was called with the message that caused this entry.
    HandlerStarted {
        /// The handler.
        handler: &'static str,
        /// What kind of handler it is.
        kind: HandlerKind,
        /// The number of this attempt, from 1.
        attempt: u32,
    },
    /// The handler call that caused this entry ended.
    HandlerEnded(HandlerOutcome),
    /// An aggregate or a handler raised an event. It is not stored yet.
    Raised(Arc<Envelope>),
    /// An event was stored.
    Appended(Recorded),
    /// A state or row was written or deleted.
    StateChanged(Box<StateChange>),
    /// The handler call that caused this entry tried to load a state or row that does not exist.
    /// The handler call did not create it either.
    NotFound {
        /// The table in which it would be stored.
        table: Table,
        /// The id that the handler tried to load.
        id: Arc<str>,
    },
    /// The handler call that caused this entry violated an invariant that the run checks.
    #[cfg(feature = "testing")]
    InvariantViolated(Box<crate::record::InvariantViolation>),
    /// Nobody handles the message that caused this entry.
    NoSubscriber,
    /// A command was scheduled for later.
    Scheduled {
        /// The command.
        command: Arc<Envelope>,
        /// When the command is due.
        due: Timestamp,
    },
    /// A scheduled command was cancelled.
    Cancelled(MessageId),
    /// The message that caused this entry was published.
    Published {
        /// The name of the topic: `order`, `order:backfill`.
        topic: String,
        /// Whether the topic belongs to the backfill lane.
        is_backfill: bool,
    },
    /// The message that caused this entry could not be published.
    PublishFailed {
        /// Why publishing failed.
        reason: String,
        /// When the relay tries again; `None` if it has abandoned the message.
        retry_at: Option<Timestamp>,
    },
    /// The handler call that caused this entry failed. A retry follows at this time.
    RetryScheduled(Timestamp),
    /// The engine stopped retrying the message that caused this entry, after this handler failed.
    ///
    /// A command without a handler is not retried at all.
    RetriesExhausted {
        /// The handler; `None` if the message is a command without a handler.
        handler: Option<&'static str>,
        /// The number of attempts.
        attempts: u32,
        /// Whether the message is stored as a dead letter.
        is_dead_lettered: bool,
    },
    /// The command that caused this entry arrived after its deadline.
    Expired,
    /// A handler failed, and then its `handle_error` failed too.
    HandleErrorFailed {
        /// Why `handle_error` failed.
        reason: String,
    },
    /// The engine crashed after it had committed the handler call that caused this entry.
    EngineCrashed,
    /// The engine restarted after the handler call that caused this entry.
    EngineRestarted,
    /// The clock moved forward, to the time of this entry.
    ClockAdvanced {
        /// The time before.
        from: Timestamp,
        /// Why the clock moved.
        reason: ClockReason,
    },
}

/// Why the clock of a test moved. It moves for no other reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockReason {
    /// The test let time pass.
    TimePassed,
    /// Nothing was left to do but attempts that wait for their time.
    WaitingAttempts,
}

impl fmt::Display for ClockReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimePassed => "the test let time pass",
            Self::WaitingAttempts => "only waiting attempts were left",
        })
    }
}

/// A state or row that was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// The table that stores it.
    pub table: Table,
    /// Its id within the table.
    pub id: Arc<str>,
    /// The value before; `None` if there was none.
    pub before: Option<Payload>,
    /// The value after; `None` if it was deleted.
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
    /// Maintains a projection.
    Projector,
}

impl HandlerKind {
    /// Returns the kind as a noun: `command handler`.
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

/// How a handler call ended. Every handler call has exactly one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerOutcome {
    /// The handler succeeded and its work is committed.
    Handled,
    /// A part of a system that is not built on this crate returned without an error. What it wrote is not
    /// known.
    #[cfg(feature = "testing")]
    Returned,
    /// The message was skipped for this reason. Nothing was written.
    Filtered(String),
    /// The handler handles each message once and had handled this one before.
    Deduplicated,
    /// The domain refused. The work of the handler is rolled back.
    Rejected(Box<RolledBack>),
    /// The handler failed. Its work is rolled back.
    Failed(Box<RolledBack>),
    /// Another writer committed first. The work is rolled back, and the handler is called again
    /// within the same attempt.
    LostRace(Box<RolledBack>),
}

/// The table that stores a value.
#[derive(Clone, Copy, Debug, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Table {
    /// The kind of the values in it.
    pub kind: TableKind,
    /// The Rust name of the values in it: `OrderDashboard`.
    pub name: &'static str,
}

impl Table {
    /// Returns the table of the values of this kind and name.
    pub const fn new(kind: TableKind, name: &'static str) -> Self {
        Self { kind, name }
    }
}

// Equal names nearly always point to the same constant. Comparing pointers is cheaper than
// comparing text.
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
    /// The state of aggregates that are stored as state.
    Aggregate,
    /// The state of process managers.
    ProcessManager,
    /// The rows of a projection.
    Projection,
    /// The messages that began or completed the instances of a process manager.
    ProcessHistory,
    /// The messages that a handler with `once` has handled.
    Inbox,
    /// The dead letters.
    DeadLetter,
    /// The snapshots of event-sourced aggregates.
    Snapshot,
    /// The keys of personal data.
    SubjectKey,
    /// How far rebuilds are.
    Rebuild,
    /// The rows of a projection that a rebuild has made, and that nobody reads yet.
    RebuiltRow,
}

impl TableKind {
    /// Returns true if the handlers of the domain wrote the values, and false for bookkeeping.
    pub fn has_user_data(self) -> bool {
        match self {
            Self::Aggregate | Self::ProcessManager | Self::Projection => true,
            Self::ProcessHistory
            | Self::Inbox
            | Self::DeadLetter
            | Self::Snapshot
            | Self::SubjectKey
            | Self::Rebuild
            | Self::RebuiltRow => false,
        }
    }
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aggregate => "aggregate",
            Self::ProcessManager => "process manager",
            Self::Projection => "projection",
            Self::ProcessHistory => "process history",
            Self::Inbox => "inbox",
            Self::DeadLetter => "dead letter",
            Self::Snapshot => "snapshot",
            Self::SubjectKey => "subject key",
            Self::Rebuild => "rebuild",
            Self::RebuiltRow => "rebuilt row",
        })
    }
}

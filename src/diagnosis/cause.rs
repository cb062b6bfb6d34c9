use flow_domain::{
    clock::Timestamp,
    record::{EntryId, Invariant, TableKind},
};

use crate::diagnosis::{FieldCause, ValueOrigin, field_cause::strongest_field};

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// Whether the record or the wiring proves that the cause explains the failure.
    ///
    /// Else it is a guess, and the report prints it after `perhaps`.
    pub is_proven: bool,
}

impl Diagnosis {
    /// Returns a diagnosis of which an experiment confirmed the cause.
    pub(crate) fn proven(cause: Cause) -> Self {
        Self {
            cause,
            is_proven: true,
        }
    }
}

/// A call of a handler with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerCall {
    /// The name of the handler.
    pub handler: &'static str,
    /// The name of the message.
    pub message: String,
    /// The entry of the record that started the call.
    pub entry: EntryId,
}

/// A state that a handler tried to read and did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingState {
    /// The name of its Rust type: `Order`.
    pub type_name: &'static str,
    /// The id that the handler used.
    pub id: String,
    /// How a state of this type is stored.
    pub stored_as: StoredAs,
    /// The ids of the stored states of this type.
    pub known_ids: Vec<String>,
}

/// How a state is stored. It decides which `given` step can create the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredAs {
    /// An aggregate that is stored as its state.
    State,
    /// An aggregate that is stored as its events.
    Events,
    /// A row of a projection.
    Row,
}

/// The cause of a failure. Each kind of cause has its own variant.
///
/// The texts use the names of the domain: `OrderPlaced`, `OrderDashboardProjector`,
/// `OrderDashboard "ord-1"`. The field `at` is the handler call in which the cause
/// happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the docs of each variant explain its fields")]
pub enum Cause {
    /// No handler handles the command. `related_handler` handles other commands of its aggregate.
    NoHandler {
        command: String,
        related_handler: Option<&'static str>,
        entry: EntryId,
    },
    /// A handler rejected a command, for the reason `reason`.
    ///
    /// `missing_state` is an aggregate that was not found although it has events: it is stored as
    /// state, not as events.
    Rejected {
        at: HandlerCall,
        reason: String,
        missing_state: Option<String>,
    },
    /// A handler handled a message, but raised or issued none of the messages `wanted`.
    ///
    /// `instead` has the messages that the handler did raise or issue; the list may be empty.
    /// `changed` is an aggregate that the handler changed without raising an event.
    NotRaised {
        at: HandlerCall,
        wanted: Vec<String>,
        is_command: bool,
        instead: Vec<String>,
        changed: Option<String>,
    },
    /// An event was raised, but `handler` does not subscribe to it; `None` stands for all handlers.
    /// `entry` is where the event was stored.
    NoSubscriber {
        event: String,
        handler: Option<&'static str>,
        near_miss: Option<NearMiss>,
        entry: EntryId,
    },
    /// A handler skipped a message, for the reason `reason`.
    Filtered { at: HandlerCall, reason: String },
    /// A message was not delivered, for the reason `reason`: `was cancelled`. `sent_by` is the call
    /// that sent it; `None` if the test flow sent it.
    Undelivered {
        message: String,
        reason: &'static str,
        sent_by: Option<HandlerCall>,
        entry: EntryId,
    },
    /// A command is scheduled and not due yet.
    Scheduled {
        command: String,
        due: Timestamp,
        entry: EntryId,
    },
    /// A handler failed or panicked.
    HandlerFailed {
        at: HandlerCall,
        error: String,
        attempts: u32,
        is_dead_letter: bool,
        is_panic: bool,
        is_timed_out: bool,
        /// The state that the handler did not find, if that is why it failed.
        missing: Option<MissingState>,
    },
    /// A handler that handles each message once skipped a message that it had already handled.
    Deduplicated { at: HandlerCall },
    /// A handler handled a message and wrote nothing into `table`. `not_found` is a state that it
    /// did not find.
    WroteNothing {
        at: HandlerCall,
        wanted: String,
        table: TableKind,
        not_found: Option<String>,
    },
    /// A handler wrote another state (`wrote`) than the expected one (`wanted`). `origin` says
    /// where the wrong id comes from.
    WroteOther {
        at: HandlerCall,
        wanted: String,
        wrote: String,
        similarity: Similarity,
        origin: Option<ValueOrigin>,
    },
    /// A handler overwrote or deleted the expected state. `earlier` is the call that had written
    /// the state.
    Overwritten {
        at: HandlerCall,
        subject: String,
        is_deleted: bool,
        earlier: Option<HandlerCall>,
    },
    /// The expected effect happened, and was rolled back together with the handler call `at`.
    RolledBack {
        what: String,
        at: HandlerCall,
        reason: String,
    },
    /// A message is still pending. `waits_for` is the text after `is pending`:
    /// `for InventoryHandler`.
    Pending {
        message: String,
        waits_for: String,
        entry: Option<EntryId>,
    },
    /// The step `method` of the test flow needs an engine, and the mode of the run has none.
    /// `feature` says what the mode does not do: `retries nothing`.
    NotInMode { feature: String, method: String },
    /// The expected message or state exists, but its fields differ.
    FieldsDiffer {
        subject: String,
        fields: Vec<FieldCause>,
    },
    /// The expected messages came in another order. `at` is the call that raised or issued the
    /// first message that came too early.
    OrderDiffers {
        is_command: bool,
        expected: Vec<String>,
        found: Vec<String>,
        at: Option<HandlerCall>,
    },
    /// The expectation would hold after the later step `step`, counted from 1. `described` is the
    /// text of that step.
    ExpectationTooEarly { step: usize, described: String },
    /// A handler used an id that is not stored, while another id is.
    ///
    /// `field` is the field of the message that contains the wrong id. `expected_key` is the id
    /// that the handler should have used. `origin` says where the wrong id comes from.
    WrongKey {
        at: HandlerCall,
        type_name: &'static str,
        id: String,
        field: Option<String>,
        expected_key: ExpectedKey,
        origin: Option<ValueOrigin>,
    },
    /// Something unexpected was done: `raised OrderCancelled`. `at` is `None` if the test flow did
    /// it.
    Unexpected {
        action: String,
        at: Option<HandlerCall>,
    },
    /// A handler handled a message successfully, with these effects.
    Accepted {
        at: HandlerCall,
        effects: Vec<String>,
    },
    /// A message that would lead to the expected effect was never sent. No handler raises or
    /// issues the message, so it has to come from outside.
    NeverSent { message: String, is_command: bool },
    /// An aggregate lists the event, but no registered handler declares that it raises the
    /// event.
    NoProducer {
        event: String,
        aggregate: &'static str,
    },
    /// No projector writes the projection. `event` is a raised event that may belong to it.
    NoProjector {
        projection: &'static str,
        event: Option<String>,
    },
    /// A handler handled the same message more than once. `times` calls changed something.
    HandledRepeatedly { at: HandlerCall, times: usize },
    /// A handler wrote a state or message that could not be read afterwards.
    Unreadable {
        at: HandlerCall,
        subject: String,
        error: String,
    },
    /// A handler violated an invariant.
    InvariantViolated {
        at: HandlerCall,
        invariant: Invariant,
    },
    /// No handler failed, and the search found no other cause. `n_handled` is the number of
    /// successful handler calls.
    NothingFailed { n_handled: usize },
}

/// A handler that subscribes to nearly the same event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NearMiss {
    /// It subscribes to the same event in another category.
    Category {
        /// The handler.
        handler: &'static str,
        /// The category that it subscribes to.
        wanted: &'static str,
        /// The category of the event.
        found: String,
    },
    /// It subscribes to another version of the event.
    Version {
        /// The handler.
        handler: &'static str,
        /// The event that it subscribes to.
        wanted: String,
    },
    /// It subscribes to an event with a similar name.
    Name {
        /// The handler.
        handler: &'static str,
        /// The event that it subscribes to.
        wanted: String,
    },
}

impl NearMiss {
    /// Returns the handler.
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Category { handler, .. }
            | Self::Version { handler, .. }
            | Self::Name { handler, .. } => handler,
        }
    }
}

/// How similar an id is to the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Similarity {
    /// This number of characters differs.
    EditDistance(usize),
    /// The message contains the expected id in this field.
    InField {
        /// The field.
        field: String,
        /// The expected id.
        id: String,
    },
    /// The ids are not similar.
    Unrelated,
}

/// The id that a handler should have used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedKey {
    /// The message contains the expected id. The first text is the field, the second is the id.
    InField(String, String),
    /// A stored state has this similar id.
    Similar(String),
    /// The expected id is not known.
    Unknown,
}

impl Cause {
    /// Returns a stable number for the variant, for tests.
    ///
    /// The numbers from 19 on are for unexpected effects and for gaps in the test flow.
    #[doc(hidden)]
    pub const fn case_number(&self) -> u8 {
        match self {
            Self::NoHandler { .. } => 1,
            Self::Rejected { .. } => 2,
            Self::NotRaised { .. } => 3,
            Self::NoSubscriber { .. } => 4,
            Self::Filtered { .. } => 5,
            Self::Scheduled { .. } => 6,
            Self::HandlerFailed { .. } => 7,
            Self::Deduplicated { .. } => 8,
            Self::WroteNothing { .. } => 9,
            Self::WroteOther { .. } => 10,
            Self::Overwritten { .. } => 11,
            Self::RolledBack { .. } => 12,
            Self::Pending { .. } => 13,
            Self::NotInMode { .. } => 14,
            Self::FieldsDiffer { .. } => 15,
            Self::OrderDiffers { .. } => 16,
            Self::ExpectationTooEarly { .. } => 17,
            Self::WrongKey { .. } => 18,
            Self::Unexpected { .. } => 19,
            Self::Accepted { .. } => 20,
            Self::NeverSent { .. } => 21,
            Self::NoProjector { .. } => 22,
            Self::NothingFailed { .. } => 23,
            Self::Unreadable { .. } => 24,
            Self::HandledRepeatedly { .. } => 25,
            Self::NoProducer { .. } => 26,
            Self::InvariantViolated { .. } => 27,
            Self::Undelivered { .. } => 28,
        }
    }

    /// Returns the handler call that is to blame, if there is one.
    pub fn handler_call(&self) -> Option<&HandlerCall> {
        match self {
            Self::Rejected { at, .. }
            | Self::NotRaised { at, .. }
            | Self::Filtered { at, .. }
            | Self::HandlerFailed { at, .. }
            | Self::Deduplicated { at }
            | Self::WroteNothing { at, .. }
            | Self::Overwritten { at, .. }
            | Self::RolledBack { at, .. }
            | Self::Unreadable { at, .. }
            | Self::HandledRepeatedly { at, .. }
            | Self::InvariantViolated { at, .. }
            | Self::Accepted { at, .. } => Some(at),
            Self::WroteOther { at, origin, .. } | Self::WrongKey { at, origin, .. } => {
                let origin_call = origin.as_ref().and_then(ValueOrigin::handler_call);
                Some(origin_call.unwrap_or(at))
            }
            Self::Unexpected { at, .. }
            | Self::OrderDiffers { at, .. }
            | Self::Undelivered { sent_by: at, .. } => at.as_ref(),
            Self::FieldsDiffer { fields, .. } => strongest_field(fields)
                .and_then(FieldCause::handler_call)
                .or_else(|| {
                    fields
                        .iter()
                        .filter_map(FieldCause::handler_call)
                        .max_by_key(|at| at.entry)
                }),
            Self::NoHandler { .. }
            | Self::NoSubscriber { .. }
            | Self::Scheduled { .. }
            | Self::Pending { .. }
            | Self::NotInMode { .. }
            | Self::NeverSent { .. }
            | Self::NoProjector { .. }
            | Self::NoProducer { .. }
            | Self::NothingFailed { .. }
            | Self::ExpectationTooEarly { .. } => None,
        }
    }

    /// Returns the entry of the record that shows the cause, if there is one.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::NoHandler { entry, .. }
            | Self::NoSubscriber { entry, .. }
            | Self::Undelivered { entry, .. }
            | Self::Scheduled { entry, .. } => Some(*entry),
            Self::Pending { entry, .. } => *entry,
            other => other.handler_call().map(|at| at.entry),
        }
    }
}

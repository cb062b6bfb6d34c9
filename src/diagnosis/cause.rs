use flow_domain::{
    clock::Timestamp,
    record::{EntryId, Invariant},
};
use serde_json::Value;

/// Why a step failed: what is most probably the cause, and what it may be instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// What else it may be, if the record leaves room for doubt.
    pub runner_up: Option<Cause>,
}

/// A handler, and the message that it handled or was to handle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerCall {
    /// The name of the handler.
    pub handler: &'static str,
    /// The name of the message.
    pub message: String,
    /// Where in the record it began.
    pub entry: EntryId,
}

/// Something that a handler looked for in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingState {
    /// Its Rust name: `Order`.
    pub type_name: &'static str,
    /// The id that it was looked for by.
    pub id: String,
    /// As what it would be kept.
    pub stored_as: StoredAs,
    /// The ids under which such things were kept.
    pub known_ids: Vec<String>,
}

/// As what something is kept, which decides on how a sentence begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredAs {
    /// An aggregate, as its state.
    State,
    /// An aggregate, as its events.
    Events,
    /// A row of a projection.
    Row,
}

/// What is found to be the cause of a failure. Every kind of cause is a case of its own.
///
/// Names are those of the domain: `OrderPlaced`, `OrderDashboardProjector`, `OrderDashboard "ord-1"`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each case says what its fields are")]
pub enum Cause {
    /// Nobody handles a command. `relative` handles other commands of its aggregate.
    NoHandler {
        command: String,
        related_handler: Option<&'static str>,
        entry: EntryId,
    },
    /// A command was refused, for this reason.
    /// `is_answer` says that it is what an act was answered; `unmade` is an aggregate that was looked for
    /// in vain, although its events are there: it is kept as state, which they do not make.
    Rejected {
        at: HandlerCall,
        reason: String,
        is_command_result: bool,
        missing_state: Option<String>,
    },
    /// A message was handled, and what was expected was not raised or issued; what was, `instead`, may
    /// be nothing. `changed` is an aggregate that changed all the same, without any event.
    NotRaised {
        at: HandlerCall,
        wanted: String,
        is_command: bool,
        instead: Vec<String>,
        changed: Option<String>,
    },
    /// An event was raised, and nobody handles it, or not the handler that keeps what was expected.
    NoSubscriber {
        event: String,
        handler: Option<&'static str>,
        near_miss: Option<NearMiss>,
        entry: EntryId,
    },
    /// A handler let a message go, or it came too late, for this reason.
    Filtered { at: HandlerCall, reason: String },
    /// A command that has still to come, and when.
    Scheduled {
        command: String,
        due: Timestamp,
        entry: EntryId,
    },
    /// A handler failed, or panicked.
    HandlerFailed {
        at: HandlerCall,
        error: String,
        attempts: u32,
        is_dead_letter: bool,
        is_panic: bool,
        /// What was not there, if that is why.
        missing: Option<MissingState>,
    },
    /// A handler that handles each message once had handled it before.
    Deduplicated { at: HandlerCall },
    /// A handler handled a message and wrote nothing; `missed` is what it looked for in vain.
    WroteNothing {
        at: HandlerCall,
        wanted: String,
        not_found: Option<String>,
    },
    /// A handler wrote something else than what was looked for.
    WroteOther {
        at: HandlerCall,
        wanted: String,
        wrote: String,
        similarity: Similarity,
        origin: Option<ValueOrigin>,
    },
    /// What was expected was there, and was overwritten or deleted.
    Overwritten {
        at: HandlerCall,
        subject: String,
        is_deleted: bool,
        earlier: Option<HandlerCall>,
    },
    /// What was expected was done, and rolled back with the handling that it was a part of.
    RolledBack {
        what: String,
        at: HandlerCall,
        reason: String,
    },
    /// A message waits, and for whom.
    Pending {
        message: String,
        waits_for: String,
        entry: Option<EntryId>,
    },
    /// The mode in which the sentence was run does not do that.
    NotInMode { feature: String, method: String },
    /// What was expected is there with other fields.
    FieldsDiffer {
        subject: String,
        fields: Vec<FieldCause>,
    },
    /// What was expected happened in another order.
    OrderDiffers {
        expected: Vec<String>,
        found: Vec<String>,
        at: Option<HandlerCall>,
    },
    /// A later step does what was asked for. Steps are counted from 1.
    AssertedTooEarly { step: usize, described: String },
    /// A handler looked something up by an id under which nothing is, while there is one under another
    /// id. `field` is the field of its message that has the id, `right` the one that would be found.
    WrongKey {
        at: HandlerCall,
        type_name: &'static str,
        id: String,
        field: Option<String>,
        expected_key: ExpectedKey,
        origin: Option<ValueOrigin>,
    },
    /// Somebody did what was not expected (`raised OrderCancelled`); `at` is nobody if it came from
    /// outside.
    Unexpected {
        action: String,
        at: Option<HandlerCall>,
    },
    /// A message was handled without a refusal or a failure; `did` is what that did.
    Accepted {
        at: HandlerCall,
        effects: Vec<String>,
    },
    /// A message would lead to what was expected; nobody raises or issues it, so it has to come from
    /// outside, and did not.
    NeverSent { message: String },
    /// An aggregate lists the event, and no handler that is registered says that it raises it.
    NoProducer {
        event: String,
        aggregate: &'static str,
    },
    /// No projector keeps the projection; `event` is one that was raised, and may be what it is about.
    NoProjector {
        projection: &'static str,
        event: Option<String>,
    },
    /// A handler handled the same message so many times, and what it did counts each of them.
    HandledRepeatedly { at: HandlerCall, times: usize },
    /// What a handler wrote could not be read afterwards.
    Unreadable {
        at: HandlerCall,
        subject: String,
        error: String,
    },
    /// A handler broke a law that is looked after.
    InvariantViolated {
        at: HandlerCall,
        invariant: Invariant,
    },
    /// Nothing went wrong, where something was expected to.
    NothingFailed { n_handled: usize },
}

/// An event of which a handler wants one that is nearly the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NearMiss {
    /// The same event of another category.
    Category {
        /// The handler that wants it.
        handler: &'static str,
        /// The category that it wants.
        wanted: &'static str,
        /// The category in which the event is.
        found: String,
    },
    /// The same event in another version.
    Version {
        /// The handler that wants it.
        handler: &'static str,
        /// The event that it wants.
        wanted: String,
    },
    /// An event with nearly the same name.
    Name {
        /// The handler that wants it.
        handler: &'static str,
        /// The event that it wants.
        wanted: String,
    },
}

impl NearMiss {
    /// The handler that wants it.
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Category { handler, .. }
            | Self::Version { handler, .. }
            | Self::Name { handler, .. } => handler,
        }
    }
}

/// How near an id is to the one that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Similarity {
    /// So many letters have to be changed.
    EditDistance(usize),
    /// The message carries the id that was looked for in this field.
    InField(String),
    /// Not near at all.
    Unrelated,
}

/// What would have been found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedKey {
    /// The one whose id the message carries in this field.
    InField(String, String),
    /// One with nearly the same id.
    Similar(String),
    /// Nothing is known.
    Unknown,
}

/// Where a field that differs has its value from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldCause {
    /// The path of the field.
    pub path: String,
    /// What was expected; `None` if the field was not.
    pub expected: Option<Value>,
    /// What was found; `None` if there is no such field.
    pub found: Option<Value>,
    /// Who set it last, on which message; `None` if it was given.
    pub set_by: Option<HandlerCall>,
    /// The event that set it, if that is how it is kept.
    pub event: Option<String>,
    /// Whether it was as expected until then.
    pub was_as_expected: bool,
    /// Where the value is from, if it can be followed.
    pub origin: Option<ValueOrigin>,
    /// The field in which the message that the origin handled has what was expected, if it has.
    pub expected_field: Option<String>,
}

/// Where a value came to be that messages carried on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// The sentence itself says so, in this message.
    TestFlow {
        /// The message.
        message: String,
        /// Its field.
        field: String,
    },
    /// A handler made it, on a message that says something else in the field of this name.
    Changed {
        /// The handler.
        at: HandlerCall,
        /// The field of the message.
        field: String,
        /// What the message says in it.
        original: Value,
    },
    /// A handler took it from another field of its message.
    OtherField {
        /// The handler.
        at: HandlerCall,
        /// The field from which it was taken.
        field: String,
    },
    /// A handler made it.
    Created {
        /// The handler.
        at: HandlerCall,
    },
}

impl ValueOrigin {
    /// The handling in which the value came to be.
    pub fn handler_call(&self) -> Option<&HandlerCall> {
        match self {
            Self::TestFlow { .. } => None,
            Self::Changed { at, .. } | Self::OtherField { at, .. } | Self::Created { at } => {
                Some(at)
            }
        }
    }
}

impl Cause {
    /// The number of the case, in the order in which they are told apart: 1 for a command without a
    /// handler, 18 for a wrong key; those after it are about what
    /// was not expected, and about what the sentence left out.
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
            Self::AssertedTooEarly { .. } => 17,
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
        }
    }

    /// The handler in which the cause is, and the message that it handled, if there is one.
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
                let made = origin.as_ref().and_then(ValueOrigin::handler_call);
                Some(made.unwrap_or(at))
            }
            Self::Unexpected { at, .. } | Self::OrderDiffers { at, .. } => at.as_ref(),
            Self::FieldsDiffer { fields, .. } => {
                let changed = fields.iter().find(|field| field.is_changed_by_handler());
                let spoilt = fields.iter().find(|field| field.was_as_expected);
                let taken = fields.iter().find(|field| field.is_from_other_field());
                let places = fields.iter().filter_map(FieldCause::handler_call);

                changed
                    .or(spoilt)
                    .or(taken)
                    .and_then(FieldCause::handler_call)
                    .or_else(|| places.max_by_key(|at| at.entry))
            }
            Self::NoHandler { .. }
            | Self::NoSubscriber { .. }
            | Self::Scheduled { .. }
            | Self::Pending { .. }
            | Self::NotInMode { .. }
            | Self::NeverSent { .. }
            | Self::NoProjector { .. }
            | Self::NoProducer { .. }
            | Self::NothingFailed { .. }
            | Self::AssertedTooEarly { .. } => None,
        }
    }

    /// The entry of the record at which the cause is, if it is at one.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::NoHandler { entry, .. }
            | Self::NoSubscriber { entry, .. }
            | Self::Scheduled { entry, .. } => Some(*entry),
            Self::Pending { entry, .. } => *entry,
            other => other.handler_call().map(|at| at.entry),
        }
    }
}

impl FieldCause {
    fn is_changed_by_handler(&self) -> bool {
        matches!(self.origin, Some(ValueOrigin::Changed { .. }))
    }

    /// Whether it was taken from a field of another name.
    fn is_from_other_field(&self) -> bool {
        matches!(self.origin, Some(ValueOrigin::OtherField { .. }))
    }

    /// The handling in which the value came to be, or else was set.
    fn handler_call(&self) -> Option<&HandlerCall> {
        let made = self.origin.as_ref().and_then(ValueOrigin::handler_call);
        made.or(self.set_by.as_ref())
    }
}

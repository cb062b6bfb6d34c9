use flow_domain::{
    clock::Timestamp,
    record::{EntryId, Law},
};
use serde_json::Value;

/// Why a step failed: what is most probably the cause, and what it may be instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The cause.
    pub verdict: Verdict,
    /// What else it may be, if the record leaves room for doubt.
    pub runner_up: Option<Verdict>,
}

/// A handler, and the message that it handled or was to handle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
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
pub struct Missing {
    /// Its Rust name: `Order`.
    pub what: &'static str,
    /// The id that it was looked for by.
    pub id: String,
    /// As what it would be kept.
    pub kept_as: KeptAs,
    /// The ids under which such things were kept.
    pub known: Vec<String>,
}

/// As what something is kept, which decides on how a sentence begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeptAs {
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
pub enum Verdict {
    /// Nobody handles a command. `relative` handles other commands of its aggregate.
    NoHandler {
        command: String,
        relative: Option<&'static str>,
        entry: EntryId,
    },
    /// A command was refused, for this reason.
    /// `is_answer` says that it is what an act was answered; `unmade` is an aggregate that was looked for
    /// in vain, although its events are there: it is kept as state, which they do not make.
    Rejected {
        at: Place,
        reason: String,
        is_answer: bool,
        unmade: Option<String>,
    },
    /// A message was handled, and what was expected was not raised or issued; what was, `instead`, may
    /// be nothing. `changed` is an aggregate that changed all the same, without any event.
    RaisedNothing {
        at: Place,
        wanted: String,
        is_command: bool,
        instead: Vec<String>,
        changed: Option<String>,
    },
    /// An event was raised, and nobody handles it, or not the handler that keeps what was expected.
    NoSubscriber {
        event: String,
        handler: Option<&'static str>,
        near: Option<NearMiss>,
        entry: EntryId,
    },
    /// A handler let a message go, or it came too late, for this reason.
    Filtered { at: Place, reason: String },
    /// A command that has still to come, and when.
    Scheduled {
        command: String,
        due: Timestamp,
        entry: EntryId,
    },
    /// A handler failed, or panicked.
    HandlerFailed {
        at: Place,
        error: String,
        attempts: u32,
        is_dead_letter: bool,
        is_panic: bool,
        /// What was not there, if that is why.
        missing: Option<Missing>,
    },
    /// A handler that handles each message once had handled it before.
    Deduplicated { at: Place },
    /// A handler handled a message and wrote nothing; `missed` is what it looked for in vain.
    WroteNothing {
        at: Place,
        wanted: String,
        missed: Option<String>,
    },
    /// A handler wrote something else than what was looked for.
    WroteOther {
        at: Place,
        wanted: String,
        wrote: String,
        nearness: Nearness,
        origin: Option<Origin>,
    },
    /// What was expected was there, and was overwritten or deleted.
    Overwritten {
        at: Place,
        subject: String,
        is_deleted: bool,
        earlier: Option<Place>,
    },
    /// What was expected was done, and rolled back with the handling that it was a part of.
    RolledBack {
        what: String,
        at: Place,
        reason: String,
    },
    /// A message waits, and for whom.
    Waits {
        message: String,
        waits_for: String,
        entry: Option<EntryId>,
    },
    /// The mode in which the sentence was run does not do that.
    NotInMode { what: String, word: String },
    /// What was expected is there with other fields.
    FieldsDiffer {
        subject: String,
        fields: Vec<FieldCause>,
    },
    /// What was expected happened in another order.
    OrderDiffers {
        expected: Vec<String>,
        found: Vec<String>,
        at: Option<Place>,
    },
    /// A later step does what was asked for. Steps are counted from 1.
    AskedTooEarly { step: usize, described: String },
    /// A handler looked something up by an id under which nothing is, while there is one under another
    /// id. `field` is the field of its message that has the id, `right` the one that would be found.
    WrongKey {
        at: Place,
        name: &'static str,
        id: String,
        field: Option<String>,
        right: Right,
        origin: Option<Origin>,
    },
    /// Somebody did what was not expected (`raised OrderCancelled`); `at` is nobody if it came from
    /// outside.
    Unexpected { did: String, at: Option<Place> },
    /// A message was handled without a refusal or a failure; `did` is what that did.
    Accepted { at: Place, did: Vec<String> },
    /// A message would lead to what was expected; nobody raises or issues it, so it has to come from
    /// outside, and did not.
    NeverCame { message: String },
    /// An aggregate lists the event, and no handler that is registered says that it raises it.
    NobodyRaises {
        event: String,
        aggregate: &'static str,
    },
    /// No projector keeps the projection; `event` is one that was raised, and may be what it is about.
    NobodyKeeps {
        name: &'static str,
        event: Option<String>,
    },
    /// A handler handled the same message so many times, and what it did counts each of them.
    HandledAgain { at: Place, times: usize },
    /// What a handler wrote could not be read afterwards.
    Unreadable {
        at: Place,
        subject: String,
        error: String,
    },
    /// A handler broke a law that is looked after.
    BrokeLaw { at: Place, law: Law },
    /// Nothing went wrong, where something was expected to.
    AllWentWell { n_handled: usize },
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
pub enum Nearness {
    /// So many letters have to be changed.
    Letters(usize),
    /// The message carries the id that was looked for in this field.
    Carried(String),
    /// Not near at all.
    Other,
}

/// What would have been found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Right {
    /// The one whose id the message carries in this field.
    Field(String, String),
    /// One with nearly the same id.
    Near(String),
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
    pub set_by: Option<Place>,
    /// The event that set it, if that is how it is kept.
    pub event: Option<String>,
    /// Whether it was as expected until then.
    pub was_right: bool,
    /// Where the value is from, if it can be followed.
    pub origin: Option<Origin>,
    /// The field in which the message that the origin handled has what was expected, if it has.
    pub right_field: Option<String>,
}

/// Where a value came to be that messages carried on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The sentence itself says so, in this message.
    Sentence {
        /// The message.
        message: String,
        /// Its field.
        field: String,
    },
    /// A handler made it, on a message that says something else in the field of this name.
    Changed {
        /// The handler.
        at: Place,
        /// The field of the message.
        field: String,
        /// What the message says in it.
        said: Value,
    },
    /// A handler took it from another field of its message.
    Taken {
        /// The handler.
        at: Place,
        /// The field from which it was taken.
        field: String,
    },
    /// A handler made it.
    Made {
        /// The handler.
        at: Place,
    },
}

impl Origin {
    /// The handling in which the value came to be.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Sentence { .. } => None,
            Self::Changed { at, .. } | Self::Taken { at, .. } | Self::Made { at } => Some(at),
        }
    }
}

impl Verdict {
    /// The number of the case, in the order in which they are told apart: 1 for a command without a
    /// handler, 18 for a wrong key; those after it are about what
    /// was not expected, and about what the sentence left out.
    #[doc(hidden)]
    pub const fn number(&self) -> u8 {
        match self {
            Self::NoHandler { .. } => 1,
            Self::Rejected { .. } => 2,
            Self::RaisedNothing { .. } => 3,
            Self::NoSubscriber { .. } => 4,
            Self::Filtered { .. } => 5,
            Self::Scheduled { .. } => 6,
            Self::HandlerFailed { .. } => 7,
            Self::Deduplicated { .. } => 8,
            Self::WroteNothing { .. } => 9,
            Self::WroteOther { .. } => 10,
            Self::Overwritten { .. } => 11,
            Self::RolledBack { .. } => 12,
            Self::Waits { .. } => 13,
            Self::NotInMode { .. } => 14,
            Self::FieldsDiffer { .. } => 15,
            Self::OrderDiffers { .. } => 16,
            Self::AskedTooEarly { .. } => 17,
            Self::WrongKey { .. } => 18,
            Self::Unexpected { .. } => 19,
            Self::Accepted { .. } => 20,
            Self::NeverCame { .. } => 21,
            Self::NobodyKeeps { .. } => 22,
            Self::AllWentWell { .. } => 23,
            Self::Unreadable { .. } => 24,
            Self::HandledAgain { .. } => 25,
            Self::NobodyRaises { .. } => 26,
            Self::BrokeLaw { .. } => 27,
        }
    }

    /// The handler in which the cause is, and the message that it handled, if there is one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Rejected { at, .. }
            | Self::RaisedNothing { at, .. }
            | Self::Filtered { at, .. }
            | Self::HandlerFailed { at, .. }
            | Self::Deduplicated { at }
            | Self::WroteNothing { at, .. }
            | Self::Overwritten { at, .. }
            | Self::RolledBack { at, .. }
            | Self::Unreadable { at, .. }
            | Self::HandledAgain { at, .. }
            | Self::BrokeLaw { at, .. }
            | Self::Accepted { at, .. } => Some(at),
            Self::WroteOther { at, origin, .. } | Self::WrongKey { at, origin, .. } => {
                let made = origin.as_ref().and_then(Origin::place);
                Some(made.unwrap_or(at))
            }
            Self::Unexpected { at, .. } | Self::OrderDiffers { at, .. } => at.as_ref(),
            Self::FieldsDiffer { fields, .. } => {
                let changed = fields.iter().find(|field| field.is_changed());
                let spoilt = fields.iter().find(|field| field.was_right);
                let taken = fields.iter().find(|field| field.is_taken());
                let places = fields.iter().filter_map(FieldCause::place);
                changed
                    .or(spoilt)
                    .or(taken)
                    .and_then(FieldCause::place)
                    .or_else(|| places.max_by_key(|at| at.entry))
            }
            Self::NoHandler { .. }
            | Self::NoSubscriber { .. }
            | Self::Scheduled { .. }
            | Self::Waits { .. }
            | Self::NotInMode { .. }
            | Self::NeverCame { .. }
            | Self::NobodyKeeps { .. }
            | Self::NobodyRaises { .. }
            | Self::AllWentWell { .. }
            | Self::AskedTooEarly { .. } => None,
        }
    }

    /// The entry of the record at which the cause is, if it is at one.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::NoHandler { entry, .. }
            | Self::NoSubscriber { entry, .. }
            | Self::Scheduled { entry, .. } => Some(*entry),
            Self::Waits { entry, .. } => *entry,
            other => other.place().map(|at| at.entry),
        }
    }
}

impl FieldCause {
    fn is_changed(&self) -> bool {
        matches!(self.origin, Some(Origin::Changed { .. }))
    }

    /// Whether it was taken from a field of another name.
    fn is_taken(&self) -> bool {
        matches!(self.origin, Some(Origin::Taken { .. }))
    }

    /// The handling in which the value came to be, or else was set.
    fn place(&self) -> Option<&Place> {
        let made = self.origin.as_ref().and_then(Origin::place);
        made.or(self.set_by.as_ref())
    }
}

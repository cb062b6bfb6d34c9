use flow_domain::{
    message::Payload,
    record::{EntryId, Invariant},
    runtime::StateType,
};
use serde_json::Value;

/// What a step was about that failed, as data: where the search for the cause begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Something that is kept.
    State(StateSubject),
    /// A message that was to be raised or issued, by its name.
    Message {
        name: String,
        /// The same message with other fields, if there was one.
        differs: Option<(String, Vec<Difference>)>,
    },
    /// Messages in an order.
    Messages {
        /// What is missing or has other fields, in order.
        missing: Vec<(String, Vec<Difference>)>,
        /// What was not expected.
        unexpected: Vec<String>,
        expected: Vec<String>,
        found: Vec<String>,
    },
    /// A message that was not to be raised, by its name.
    NoMessage(String),
    /// That a handler handled something.
    Handled(&'static str),
    /// That a command or handler was refused or failed, and it was not; or as which it went wrong.
    CommandResult,
    /// That a handler failed.
    HandlerFailure(&'static str),
    /// A law that was broken, and the entry at which the handling began that broke it.
    Invariant(Invariant, EntryId),
    /// Something that went wrong and that no `then` spoke of: a refusal, or the failure of a handler.
    Problem(Option<&'static str>),
    /// That what was given happened without trouble.
    Given,
    /// A command that was to be scheduled.
    ScheduledCommand(String),
    /// Something that only an engine does, and the word that asked for it.
    EngineFeature {
        feature: String,
        method: &'static str,
        /// The event that it is about.
        event: Option<String>,
    },
    /// It was read while messages wait.
    ReadWhilePending,
}

/// Something kept that was to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateSubject {
    pub(crate) state_type: StateType,
    /// `None` for any.
    pub(crate) id: Option<String>,
    /// The category of the streams from which it is folded, if it is.
    pub(crate) stream_category: Option<&'static str>,
    pub(crate) requirement: Requirement,
}

/// What was wanted of something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// That it is there.
    Present,
    /// That it is not there.
    Absent,
    /// Other values in these fields.
    Fields(Vec<Difference>),
    /// That it is otherwise, as a closure says.
    Predicate,
    /// That this row is otherwise.
    RowPredicate(Box<Payload>),
    /// That this row is not there.
    NoRow(Box<Payload>),
    /// That it can be read.
    Readable {
        /// Why it cannot.
        error: Box<str>,
    },
}

/// One place in which two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) expected: Option<Value>,
    pub(crate) found: Option<Value>,
}

impl Subject {
    /// A message of this name.
    pub(crate) fn for_message(name: &str) -> Self {
        Self::Message {
            name: name.to_owned(),
            differs: None,
        }
    }
}

impl StateSubject {
    /// What is looked for, in words: `OrderDashboard "ord-001"`.
    pub(crate) fn description(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id:?}", self.state_type.name),
            None => self.state_type.name.to_owned(),
        }
    }
}

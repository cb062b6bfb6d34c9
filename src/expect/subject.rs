use flow_domain::{
    message::Payload,
    record::{EntryId, Invariant, Table},
    testing::StateType,
};

use crate::value::Difference;

/// What a failed step was about. The search for the cause starts here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A stored state: an aggregate, a process manager or a projection row.
    State(StateSubject),
    /// A message that should have been raised or issued, by its name.
    Message {
        name: String,
        /// The name and field differences of a message that nearly matched.
        differs: Option<(String, Vec<Difference>)>,
    },
    /// An ordered list of messages.
    Messages {
        /// The expected messages that are missing, or that have other fields. A missing message has
        /// no differences.
        missing: Vec<(String, Vec<Difference>)>,
        /// The names of the messages that were not expected.
        unexpected: Vec<String>,
        /// The names of the expected messages, in this order.
        expected: Vec<String>,
        /// The names of the messages that were found, oldest first.
        found: Vec<String>,
    },
    /// A message that should not have been raised, by its name.
    NoMessage(String),
    /// A handler that should have handled a message.
    Handled(&'static str),
    /// The result of a command or handler: accepted, rejected or failed, and with which error.
    CommandResult,
    /// A handler that should have failed.
    HandlerFailure(&'static str),
    /// A violated invariant, and the entry that started the call which violated it.
    Invariant(Invariant, EntryId),
    /// A problem that no `then` covers, and the handler that failed, if one did.
    Problem(Option<&'static str>),
    /// The `given` steps, which must run without problems.
    Given,
    /// A command that should have been scheduled, by its name.
    ScheduledCommand(String),
    /// A feature that only an engine has.
    EngineFeature {
        /// What a run without an engine does not do: `retries nothing`.
        feature: &'static str,
        /// The method of the test flow that needs an engine.
        method: &'static str,
        /// The event that the step is about.
        event: Option<String>,
    },
    /// State that was read while messages are still pending.
    ReadWhilePending,
}

/// A stored state that is not as the test requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateSubject {
    pub(crate) state_type: StateType,
    /// The id of the state; `None` if the step is about any state of the type.
    pub(crate) id: Option<String>,
    /// The category of the streams that the state is folded from, if it is event-sourced.
    pub(crate) stream_category: Option<&'static str>,
    pub(crate) requirement: Requirement,
}

/// What the test requires of a stored state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// It exists.
    Present,
    /// It does not exist.
    Absent,
    /// It has the expected values in these fields.
    Fields(Vec<Difference>),
    /// It satisfies a closure.
    #[default]
    Predicate,
    /// This row satisfies a closure.
    RowPredicate(Box<Payload>),
    /// This row does not exist.
    NoRow(Box<Payload>),
    /// No state can meet it, because the test itself is wrong.
    Impossible,
    /// It can be read.
    Readable {
        /// Why it cannot be read.
        error: Box<str>,
        /// The type that could not be decoded, if the error names one.
        type_name: Option<Box<str>>,
    },
}

impl Subject {
    /// Returns the subject for a message that is missing altogether.
    pub(crate) fn for_message(name: &str) -> Self {
        Self::Message {
            name: name.to_owned(),
            differs: None,
        }
    }
}

impl StateSubject {
    /// Returns the type and id as text: `OrderDashboard "ord-001"`.
    pub(crate) fn description(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id:?}", self.state_type.name),
            None => self.state_type.name.to_owned(),
        }
    }

    /// Returns the table that stores the state.
    pub(crate) fn table(&self) -> Table {
        Table::new(self.state_type.kind, self.state_type.name)
    }

    /// Returns true if the subject has this id, or no id.
    pub(crate) fn matches_id(&self, id: &str) -> bool {
        self.id.as_ref().is_none_or(|wanted| wanted == id)
    }
}

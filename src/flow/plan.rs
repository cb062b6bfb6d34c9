use std::{fmt, panic::Location, sync::Arc};

use flow_domain::{
    Error, Headers,
    message::Payload,
    model::{SerializedAggregate, SerializedMessage},
    record::{InvariantSet, InvariantViolation, Table},
    runtime::StateType,
};

use crate::{
    diagnosis::{Requirement, StateSubject, Subject},
    expect::{DeadLettersExpectation, HandledExpectation},
    flow::{DisabledInvariant, Expectation, Mismatch, Problem, Setup},
    run::Outcome,
    system::ClockAdvance,
    system::fault::{Fault, StepFault},
};

/// A sentence, written down.
pub(crate) struct Plan<'t> {
    pub(crate) setup: Arc<Setup>,
    pub(crate) steps: Vec<Step<'t>>,
    /// What need not be the same in two modes.
    pub(crate) allowed_differences: Vec<String>,
    /// What goes wrong at every step, one run for each.
    pub(crate) every_step_faults: Vec<(&'static Location<'static>, StepFault)>,
    /// The laws that are looked after.
    pub(crate) invariants: InvariantSet,
    /// The laws that are not looked after in this sentence, besides those of its harness.
    pub(crate) disabled_invariants: Vec<DisabledInvariant>,
    /// The laws that what it says breaks itself, with the places of the steps.
    pub(crate) invariant_violations: Vec<(usize, InvariantViolation)>,
    /// A word that stands where it says nothing.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
}

/// One step of a sentence, with the line that it stands in.
pub(crate) struct Step<'t> {
    pub(crate) location: &'static Location<'static>,
    pub(crate) kind: StepKind<'t>,
}

/// A message that was written down; an error is told when the sentence is run.
pub(crate) type MessageResult = Result<SerializedMessage, Error>;

/// A message that was made while the sentence ran, and the law that it breaks, if it does.
pub(crate) type BuiltMessage = (MessageResult, Option<InvariantViolation>);

/// Names the type of what a command is answered with.
pub(crate) type ReplyName = fn() -> &'static str;

pub(crate) enum StepKind<'t> {
    GivenNothing,
    GivenEvents(Result<Vec<SerializedMessage>, Error>),
    /// An error comes with the words for the aggregate.
    GivenAggregate(Result<SerializedAggregate, (String, Error)>),
    GivenCommand(MessageResult),
    When(MessageResult, ReplyName, Headers),
    WhenEvent(MessageResult, Headers),
    /// A command that is handled later.
    WhenSubmitted(MessageResult, Headers),
    WhenTime(ClockAdvance),
    /// The engine runs: until nothing is left, or so many cycles.
    WhenEngine(Option<usize>),
    /// Commands at the same time.
    WhenAll(Result<Vec<SerializedMessage>, Error>),
    /// The events of the last act are delivered once more, so many times.
    WhenRedelivered(u32),
    WhenWith(
        Box<dyn Fn(&Outcome) -> BuiltMessage + Send + Sync + 't>,
        ReplyName,
    ),
    Then(Then<'t>),
    /// From here on something goes wrong.
    Fault(Fault),
}

/// Something that is expected.
pub(crate) enum Then<'t> {
    /// Of the outcome so far.
    Expectation(Box<dyn Expectation + 't>),
    /// Of how often a handler was called.
    Handled(HandledExpectation),
    /// Of what was given up on.
    DeadLetters(DeadLettersExpectation),
    /// Of what is kept.
    State(StateQuery<'t>),
}

/// Looks something up and checks it.
pub(crate) struct StateQuery<'t> {
    pub(crate) state_type: StateType,
    /// `None` for all rows.
    pub(crate) id: Option<String>,
    /// The category of the streams from which it is folded, if it is.
    pub(crate) stream_category: Option<&'static str>,
    pub(crate) checks: Vec<(&'static Location<'static>, Box<dyn StateCheck + 't>)>,
}

/// One thing that is expected of what was looked up.
pub(crate) trait StateCheck: Send + Sync {
    /// The word that it was said with: `is`.
    fn method(&self) -> &'static str;

    /// Checks what was found: one thing at most if the look has an id.
    fn check(
        &self,
        found: &[Payload],
        look: &StateQuery<'_>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch>;
}

impl Plan<'_> {
    /// Returns true if something is made to go wrong, or to happen at the same time.
    pub(crate) fn needs_fault_injector(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Fault(_) | StepKind::WhenAll(_)))
    }

    /// Returns true if anything is expected at all.
    pub(crate) fn has_expectation(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Then(_)))
    }
}

impl StepKind<'_> {
    /// Returns true if something happens in this step, after all that is given.
    pub(crate) fn is_act(&self) -> bool {
        matches!(
            self,
            Self::When(..)
                | Self::WhenEvent(..)
                | Self::WhenSubmitted(..)
                | Self::WhenWith(..)
                | Self::WhenTime(_)
                | Self::WhenEngine(_)
                | Self::WhenRedelivered(_)
                | Self::WhenAll(_)
        )
    }
}

impl Then<'_> {
    /// Returns true if it can be checked while messages wait for an engine.
    pub(crate) fn allows_pending(&self) -> bool {
        matches!(self, Self::Expectation(expectation) if expectation.allows_pending())
    }

    /// Returns true if it speaks of the messages that wait.
    pub(crate) fn covers_pending(&self) -> bool {
        matches!(self, Self::Expectation(expectation) if expectation.covers() == Some(Problem::PendingMessages))
    }

    /// What it expects, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Expectation(expectation) => expectation.describe(),
            Self::Handled(handled) => handled.describe(),
            Self::DeadLetters(letters) => letters.describe(),
            Self::State(look) => look.describe(),
        }
    }
}

impl StateQuery<'_> {
    /// Returns true if what is looked for is kept in this table.
    pub(crate) fn is_stored_in(&self, table: Table) -> bool {
        table.kind == self.state_type.kind && table.name == self.state_type.name
    }

    /// What the search for the cause begins with, if this look fails so.
    pub(crate) fn failure_subject(&self, found: &[Payload], mismatch: &Mismatch) -> Subject {
        let wants_absence = self
            .checks
            .iter()
            .any(|(_, check)| matches!(check.method(), "absent" | "none"));
        let is_about_row = matches!(
            mismatch.requirement,
            Requirement::RowPredicate(_) | Requirement::NoRow(_)
        );

        Subject::State(StateSubject {
            state_type: self.state_type,
            id: self.id.clone(),
            stream_category: self.stream_category,
            requirement: if wants_absence && !is_about_row {
                Requirement::Absent
            } else if found.is_empty() {
                Requirement::Present
            } else {
                mismatch.requirement.clone()
            },
        })
    }

    /// What is looked up, in words: `OrderDashboard "ord-001"`.
    pub(crate) fn describe(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id:?}", self.state_type.name),
            None => format!("rows of {}", self.state_type.name),
        }
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.steps.iter().map(|step| step.location.to_string());
        f.debug_list().entries(lines).finish()
    }
}

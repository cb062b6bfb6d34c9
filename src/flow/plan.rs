use std::{fmt, panic::Location, sync::Arc};

use flow_domain::{
    Error, Headers,
    message::Payload,
    model::SerializedMessage,
    record::{InvariantSet, InvariantViolation, Table},
    testing::{SerializedAggregate, StateType},
};

use crate::{
    diagnosis::{Requirement, StateSubject, Subject},
    expect::{DeadLettersExpectation, HandledExpectation},
    flow::{DisabledInvariant, Expectation, Mismatch, Problem, Setup},
    run::Outcome,
    system::ClockAdvance,
    system::fault::{Fault, StepFault},
};

/// The steps of a flow, and its settings.
pub(crate) struct Plan<'t> {
    pub(crate) setup: Arc<Setup>,
    pub(crate) steps: Vec<Step<'t>>,
    /// What may differ between the two runs of [`Mode::Differential`](crate::Mode::Differential).
    pub(crate) allowed_differences: Vec<String>,
    /// The faults that are injected at every delivery, one run for each delivery.
    pub(crate) every_step_faults: Vec<(&'static Location<'static>, StepFault)>,
    /// The invariants that the run checks.
    pub(crate) invariants: InvariantSet,
    /// The invariants that this flow disables, in addition to those that its harness disables.
    pub(crate) disabled_invariants: Vec<DisabledInvariant>,
    /// The violations in the messages and aggregates of the plan itself, each with its step index.
    pub(crate) invariant_violations: Vec<(usize, InvariantViolation)>,
    /// The line of an invalid method call, and what is wrong with the call. It fails the run.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
}

/// One step of a flow, with its line in the test.
pub(crate) struct Step<'t> {
    pub(crate) location: &'static Location<'static>,
    pub(crate) kind: StepKind<'t>,
}

/// A serialised message, or the error that the run reports at the step of the message.
pub(crate) type MessageResult = Result<SerializedMessage, Error>;

/// A message that is built during the run, and the invariant that it violates, if any.
pub(crate) type BuiltMessage = (MessageResult, Option<InvariantViolation>);

/// Returns the type name of the reply of a command.
pub(crate) type ReplyName = fn() -> &'static str;

/// What a step does.
pub(crate) enum StepKind<'t> {
    GivenNothing,
    GivenEvents(Result<Vec<SerializedMessage>, Error>),
    /// The text in the error is the name and id of the aggregate.
    GivenAggregate(Result<SerializedAggregate, (String, Error)>),
    GivenCommand(MessageResult),
    When(MessageResult, ReplyName, Headers),
    WhenEvent(MessageResult, Headers),
    /// A command that is submitted, to be handled later.
    WhenSubmitted(MessageResult, Headers),
    WhenTime(ClockAdvance),
    /// Runs the engine for this number of cycles. `None` means until nothing is left.
    WhenEngine(Option<usize>),
    /// Concurrent commands.
    WhenAll(Result<Vec<SerializedMessage>, Error>),
    /// Delivers the events of the last act again, this number of times.
    WhenRedelivered(u32),
    /// A command that the closure builds from the outcome so far.
    WhenWith(
        Box<dyn Fn(&Outcome) -> BuiltMessage + Send + Sync + 't>,
        ReplyName,
    ),
    Then(Then<'t>),
    /// Activates a fault from here on.
    Fault(Fault),
}

/// What a `then_*` step expects.
pub(crate) enum Then<'t> {
    /// An expectation about the outcome so far.
    Expectation(Box<dyn Expectation + 't>),
    /// How many messages a handler handled.
    Handled(HandledExpectation),
    /// How many dead letters there are, and the reason of one of them.
    DeadLetters(DeadLettersExpectation),
    /// A stored state.
    State(StateQuery<'t>),
}

/// Reads a stored state and checks it.
pub(crate) struct StateQuery<'t> {
    pub(crate) state_type: StateType,
    /// The id to read, or `None` for all rows.
    pub(crate) id: Option<String>,
    /// The category of the aggregate's streams, if the state is an event-sourced aggregate.
    pub(crate) stream_category: Option<&'static str>,
    /// The checks, each with its line in the test.
    pub(crate) checks: Vec<(&'static Location<'static>, Box<dyn StateCheck + 't>)>,
}

/// One check of the states that a [`StateQuery`] found.
pub(crate) trait StateCheck: Send + Sync {
    /// Returns the name of the method that added the check: `is`.
    fn method(&self) -> &'static str;

    /// Checks the states that the query found. A query with an id finds at most one.
    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch>;
}

impl Plan<'_> {
    /// Returns true if the plan has faults or concurrent commands.
    pub(crate) fn needs_fault_injector(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Fault(_) | StepKind::WhenAll(_)))
    }

    /// Returns true if the plan has at least one `then_*` step.
    pub(crate) fn has_expectation(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Then(_)))
    }
}

impl StepKind<'_> {
    /// Returns true for a `when*` step.
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
    /// Returns true if this step can be checked while messages are pending.
    pub(crate) fn allows_pending(&self) -> bool {
        matches!(self, Self::Expectation(expectation) if expectation.allows_pending())
    }

    /// Returns true if this step covers pending messages.
    pub(crate) fn covers_pending(&self) -> bool {
        matches!(
            self,
            Self::Expectation(expectation)
                if expectation.covers() == Some(Problem::PendingMessages)
        )
    }

    /// Describes what this step expects.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Expectation(expectation) => expectation.describe(),
            Self::Handled(handled) => handled.describe(),
            Self::DeadLetters(dead_letters) => dead_letters.describe(),
            Self::State(query) => query.describe(),
        }
    }
}

impl StateQuery<'_> {
    /// Returns true if the queried state is stored in `table`.
    pub(crate) fn is_stored_in(&self, table: Table) -> bool {
        table.kind == self.state_type.kind && table.name == self.state_type.name
    }

    /// Returns the subject of the diagnosis for a failure of this query.
    pub(crate) fn failure_subject(&self, states: &[Payload], mismatch: &Mismatch) -> Subject {
        let wants_absence = self
            .checks
            .iter()
            .any(|(_, check)| matches!(check.method(), "absent" | "none"));
        let is_about_row = matches!(
            mismatch.requirement,
            Requirement::RowPredicate(_) | Requirement::NoRow(_)
        );

        // A check of all rows names the row that failed. Its requirement is kept.
        let requirement = if wants_absence && !is_about_row {
            Requirement::Absent
        } else if states.is_empty() {
            Requirement::Present
        } else {
            mismatch.requirement.clone()
        };

        Subject::State(StateSubject {
            state_type: self.state_type,
            id: self.id.clone(),
            stream_category: self.stream_category,
            requirement,
        })
    }

    /// Names the queried state: `OrderDashboard "ord-001"`.
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

use std::{collections::BTreeSet, fmt, panic::Location, sync::Arc};

use flow_domain::{
    Error,
    model::{DynMessage, IntoMessages, SerializedMessage},
    record::{Invariant, InvariantSet, InvariantViolation},
    testing::StateType,
};

use crate::{
    expect::{EmptyInput, Expectation, Mismatch},
    outcome::DisabledInvariant,
    plan::{Setup, Step, StepKind, Tested, disabled_invariant},
    system::fault::StepFault,
    watchdog::WatchedFlow,
};

/// A test flow as data. A run executes its steps in order.
pub(crate) struct Plan<'t> {
    pub(crate) setup: Arc<Setup>,
    pub(crate) steps: Vec<Step<'t>>,
    /// The differences between the two modes that the test allows.
    pub(crate) allowed_differences: Vec<String>,
    /// The faults that are injected at each delivery, one per run, each with its line.
    pub(crate) every_step_faults: Vec<(&'static Location<'static>, StepFault)>,
    /// The invariants that a run checks.
    pub(crate) invariants: InvariantSet,
    /// The invariants that the harness or the flow disables.
    pub(crate) disabled_invariants: Arc<Vec<DisabledInvariant>>,
    /// The violations by values of the test itself, each with the index of its step.
    pub(crate) invariant_violations: Vec<(usize, InvariantViolation)>,
    /// The types of messages of the test that do not implement `PartialEq`.
    pub(crate) compared_by_json: BTreeSet<&'static str>,
    /// The line of an invalid method call, and what is wrong with the call. It fails the run.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
    /// Where a run of the plan is.
    pub(crate) watched: Arc<WatchedFlow>,
}

impl<'t> Plan<'t> {
    pub(crate) fn new(setup: Arc<Setup>) -> Self {
        Self {
            // Most flows have no more steps. This much memory is still cheap to allocate.
            steps: Vec::with_capacity(5),
            allowed_differences: Vec::new(),
            every_step_faults: Vec::new(),
            invariants: setup.invariants,
            disabled_invariants: Arc::clone(&setup.disabled_invariants),
            invariant_violations: Vec::new(),
            compared_by_json: BTreeSet::new(),
            invalid_call: setup.invalid_call.clone(),
            watched: Arc::default(),
            setup,
        }
    }

    pub(crate) fn push(&mut self, location: &'static Location<'static>, kind: StepKind<'t>) {
        self.steps.push(Step { location, kind });
    }

    /// Adds a step for the expectation, or one for each expectation of a tuple.
    pub(crate) fn push_expectation(
        &mut self,
        location: &'static Location<'static>,
        expectation: impl Expectation + 't,
    ) {
        for part in expectation.into_parts() {
            self.push(location, StepKind::Then(part));
        }
    }

    /// Stops checking an invariant. An empty reason fails the run.
    pub(crate) fn disable_invariant(
        &mut self,
        location: &'static Location<'static>,
        invariant: Invariant,
        reason: &str,
    ) {
        match disabled_invariant(location, invariant, reason) {
            Ok(disabled) => {
                self.invariants = self.invariants.without(invariant);
                Arc::make_mut(&mut self.disabled_invariants).push(disabled);
            }
            Err(mismatch) => self.reject_call(location, mismatch),
        }
    }

    /// Fails the run because of an invalid method call. The first one is reported.
    pub(crate) fn reject_call(&mut self, location: &'static Location<'static>, mismatch: Mismatch) {
        self.invalid_call.get_or_insert((location, mismatch));
    }

    /// Fails the run if a method call asks for nothing.
    pub(crate) fn require_not_empty(
        &mut self,
        location: &'static Location<'static>,
        input: EmptyInput,
        is_empty: bool,
    ) {
        if let Err(mismatch) = input.require(is_empty) {
            self.reject_call(location, mismatch);
        }
    }

    /// Serialises a message of the next step, and checks that it is equal after deserialisation.
    ///
    /// Handlers receive the deserialised message. Without the check, it could differ from the
    /// message in the test.
    ///
    /// # Errors
    ///
    /// Returns an error if the message has no JSON form.
    pub(crate) fn serialize(
        &mut self,
        message: &dyn DynMessage,
    ) -> Result<SerializedMessage, Error> {
        let _guard = self
            .watched
            .watch_code("the `Serialize` of a message, or its `PartialEq`,");
        let mut serialized = message.to_serialized()?;
        if serialized.payload.is_value() && matches!(self.setup.tested, Tested::Domain { .. }) {
            return Err(Error::setup(
                "a message of a domain says itself which aggregate it is for: remove `at(..)`",
            ));
        }

        // The flow may disable the invariant. The check then shows whether it needs to.
        if self.setup.invariants.has(Invariant::RoundTrip) {
            self.compared_by_json.extend(message.type_without_eq());
            let violation = message.check_round_trip(&mut serialized);
            self.add_violations(violation);
        }

        Ok(serialized)
    }

    /// Serialises each message of the next step.
    ///
    /// # Errors
    ///
    /// Returns an error if a message has no JSON form.
    pub(crate) fn serialize_each<Kind>(
        &mut self,
        messages: &impl IntoMessages<Kind>,
    ) -> Result<Vec<SerializedMessage>, Error> {
        let mut serialized = Vec::new();

        messages.try_for_each(&mut |message| {
            serialized.push(self.serialize(message)?);
            Ok(())
        })?;

        Ok(serialized)
    }

    /// Adds violations by values of the step that is pushed next.
    pub(crate) fn add_violations(
        &mut self,
        violations: impl IntoIterator<Item = InvariantViolation>,
    ) {
        let step_idx = self.steps.len();
        let violations = violations
            .into_iter()
            .map(|violation| (step_idx, violation));

        self.invariant_violations.extend(violations);
    }

    /// Returns true if a step needs a fault injector: a fault, or concurrent commands.
    pub(crate) fn needs_fault_injector(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Fault(_) | StepKind::WhenAll(_)))
    }

    /// Returns the states that the expectations read, with their ids; `None` for all rows.
    pub(crate) fn watched_states(&self) -> Vec<(StateType, Option<String>)> {
        let mut watched = Vec::new();
        for step in &self.steps {
            let StepKind::Then(expectation) = &step.kind else {
                continue;
            };
            if let Some(state) = expectation.watched_state()
                && !watched.contains(&state)
            {
                watched.push(state);
            }
        }

        watched
    }

    pub(crate) fn has_expectation(&self) -> bool {
        self.steps.iter().any(|step| step.kind.is_expectation())
    }

    /// Returns the index of the last act, if no `then` step follows it.
    pub(crate) fn last_act_without_expectation(&self) -> Option<usize> {
        let idx = self.steps.iter().rposition(|step| step.kind.is_act())?;
        let mut later = self.steps[idx..].iter();

        (!later.any(|step| step.kind.is_expectation())).then_some(idx)
    }

    /// Returns true if a `then` step follows the act with this index, before another act.
    pub(crate) fn has_expectation_of(&self, act_idx: usize) -> bool {
        self.steps[act_idx + 1..]
            .iter()
            .take_while(|step| !step.kind.is_act())
            .any(|step| step.kind.is_expectation())
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.steps.iter().map(|step| step.location.to_string());
        f.debug_list().entries(lines).finish()
    }
}

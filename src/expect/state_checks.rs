use std::{panic::Location, sync::Arc};

use flow_domain::{
    message::{MessageLabels, Payload},
    testing::StateType,
};

use crate::{
    expect::{
        Claim, Mismatch, Requirement, StateSubject, Subject, catch_closure,
        never_happens::NeverHappens, nothing_found::nothing_found, similar_id::similar_id,
        stored_form::StoredForm, unchanged::require_changed,
    },
    outcome::{Description, Outcome, StateQuery},
    value::show_stored,
};

/// What a check of a stored state expects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckKind {
    /// The state has certain values.
    Values,
    /// The state does not exist.
    Absence,
    /// The last act did not change the state.
    NoChange,
}

type CheckFn<'t> =
    dyn Fn(&[Payload], &StateQuery, &Outcome) -> Result<(), Mismatch> + Send + Sync + 't;

struct Check<'t> {
    location: &'static Location<'static>,
    /// The method that added the check.
    method: &'static str,
    kind: CheckKind,
    run: Box<CheckFn<'t>>,
}

/// The checks of the states that one query finds. They run in the order in which they were added.
pub(super) struct StateChecks<'t> {
    query: Arc<StateQuery>,
    checks: Vec<Check<'t>>,
    /// Whether the expectation fails if no act changed the state.
    pub(super) requires_change: bool,
}

impl<'t> StateChecks<'t> {
    /// Creates a list without checks. With an `id`, the query finds one state, otherwise all rows.
    pub(super) fn new(
        state_type: StateType,
        id: Option<String>,
        stream_category: Option<&'static str>,
    ) -> Self {
        Self {
            query: Arc::new(StateQuery {
                state_type,
                id,
                stream_category,
            }),
            checks: Vec::new(),
            requires_change: true,
        }
    }

    #[track_caller]
    pub(super) fn add(
        &mut self,
        method: &'static str,
        kind: CheckKind,
        run: impl Fn(&[Payload], &StateQuery, &Outcome) -> Result<(), Mismatch> + Send + Sync + 't,
    ) {
        self.checks.push(Check {
            location: Location::caller(),
            method,
            kind,
            run: Box::new(run),
        });
    }

    fn has(&self, kind: CheckKind) -> bool {
        self.checks.iter().any(|check| check.kind == kind)
    }

    fn check_states(&self, states: &[Payload], outcome: &Outcome) -> Result<(), Mismatch> {
        let query = &self.query;
        // Finding nothing is valid if `absent` expects it, or if the checks are about all rows.
        let needs_one = match query.id {
            Some(_) => !self.has(CheckKind::Absence),
            None => self.checks.is_empty(),
        };
        if states.is_empty() && needs_one {
            return Err(nothing_found(query, outcome));
        }

        for check in &self.checks {
            let result = catch_closure(|| Ok((check.run)(states, query, outcome)));
            result
                .map_err(|panic| panic.with_differences(show_rows(states)))
                .flatten()
                .map_err(|mismatch| mismatch.at(check.location))?;
        }

        Ok(())
    }

    /// Returns true if the checks pass although no act changed the state, and should.
    fn expects_no_change(&self) -> bool {
        self.has(CheckKind::NoChange) || self.is_negative()
    }

    /// Returns true if the checks expect only that no handler writes a state.
    fn is_negative(&self) -> bool {
        !self.checks.is_empty() && !self.has(CheckKind::Values)
    }

    /// Finds out whether no handler can write such a state, if the checks expect only that.
    fn never_happens(&self, outcome: &Outcome) -> Option<NeverHappens> {
        self.is_negative()
            .then(|| NeverHappens::state(self.query.state_type, outcome))
            .flatten()
    }

    pub(super) fn claim(&self) -> Claim {
        if self.is_negative() && !self.has(CheckKind::NoChange) {
            Claim::Exclusion
        } else {
            Claim::Effect
        }
    }

    pub(super) fn warning(&self, outcome: &Outcome) -> Option<String> {
        let never = NeverHappens::warning(self.never_happens(outcome));
        never
            .or_else(|| self.similar_id_warning(outcome))
            .or_else(|| self.no_rows_warning(outcome))
    }

    /// Returns a warning if the state is absent, and the run has only a similar id.
    fn similar_id_warning(&self, outcome: &Outcome) -> Option<String> {
        let id = self.query.id.as_deref()?;
        if !self.is_negative() {
            return None;
        }

        let near = similar_id(id, outcome.record())?;
        Some(format!(
            "nothing in this run has the id {id:?}, so this expectation probably always passes; did you mean {near:?}?"
        ))
    }

    /// Returns a warning if the checks expect only that the rows are unchanged, and there are none.
    fn no_rows_warning(&self, outcome: &Outcome) -> Option<String> {
        let expects_only_no_change = self.query.id.is_none()
            && self
                .checks
                .iter()
                .all(|check| check.kind == CheckKind::NoChange);
        let mut entries = outcome.record().entries().iter();
        if !expects_only_no_change
            || self.checks.is_empty()
            || outcome.is_last_act_refused()
            || entries.any(|entry| self.query.is_written_by(entry))
        {
            return None;
        }

        let name = self.query.state_type.name;
        Some(format!(
            "the run stores no {name}, so no row can be unchanged. To expect no rows, use `.count(0)`"
        ))
    }

    /// Returns what the diagnosis must explain if `mismatch` was found.
    fn subject(&self, states: &[Payload], mismatch: &Mismatch) -> Subject {
        let is_about_row = matches!(
            mismatch.requirement(),
            Requirement::RowPredicate(_) | Requirement::NoRow(_)
        );

        // A check of all rows names the row that failed. Its requirement is kept.
        let requirement = if self.has(CheckKind::Absence) && !is_about_row {
            Requirement::Absent
        } else if states.is_empty() {
            Requirement::Present
        } else {
            mismatch.requirement().clone()
        };

        self.subject_with(requirement)
    }

    fn subject_with(&self, requirement: Requirement) -> Subject {
        Subject::State(StateSubject {
            state_type: self.query.state_type,
            id: self.query.id.clone(),
            stream_category: self.query.stream_category,
            requirement,
        })
    }

    pub(super) fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let states = outcome.states(&self.query);
        let states = match states.as_deref() {
            // In a `then`, the runner waits for the store and checks again.
            None => {
                let found = "not read, because only a `then` reads stored states";
                return Err(Mismatch::new(self.query.describe(), found));
            }
            Some(Ok(states)) => states,
            Some(Err(err)) => {
                let found = err.with_causes().to_string();
                let mismatch = Mismatch::unreadable(self.query.describe(), found, err);
                if err.is_setup() {
                    return Err(mismatch);
                }

                let requirement = mismatch.requirement().clone();
                return Err(mismatch.with_subject(self.subject_with(requirement)));
            }
        };

        self.check_states(states, outcome).map_err(|mismatch| {
            // A mistake of the test has no cause in a handler.
            if *mismatch.requirement() == Requirement::Impossible {
                return mismatch;
            }

            let subject = self.subject(states, &mismatch);
            mismatch.with_subject(subject)
        })?;
        NeverHappens::require_possible(self.never_happens(outcome))?;

        if !self.requires_change || self.expects_no_change() {
            return Ok(());
        }
        require_changed(states, &self.query, outcome)
    }

    pub(super) fn description(&self) -> Description {
        let query = Arc::clone(&self.query);
        let mut methods: Vec<&'static str> = self.checks.iter().map(|check| check.method).collect();
        // A method that is called several times in a row is shown once.
        methods.dedup();

        Description::new(move |_| {
            let subject = query.describe();
            methods
                .iter()
                .fold(subject, |text, method| text + " " + method)
        })
    }

    pub(super) fn describe(&self) -> String {
        self.description().render(&MessageLabels::default())
    }

    pub(super) fn watched_state(&self) -> (StateType, Option<String>) {
        (self.query.state_type, self.query.id.clone())
    }

    pub(super) fn is_about_last_act(&self) -> bool {
        self.has(CheckKind::NoChange)
    }
}

/// Returns whether `holds` returns true for a stored state.
///
/// # Errors
///
/// Returns a mismatch if the state cannot be decoded.
pub(super) fn holds_for<T>(
    state: &Payload,
    query: &StateQuery,
    form: StoredForm<T>,
    holds: &impl Fn(&T) -> bool,
) -> Result<bool, Mismatch> {
    form.holds(state, query.state_type.name, holds)
        .map_err(|err| {
            let found = format!("{} (from {})", err.with_causes(), state.as_json());
            Mismatch::unreadable(query.describe(), found, &err)
        })
}

/// Returns the state that a query with an id found.
pub(super) fn require_one<'a>(
    states: &'a [Payload],
    query: &StateQuery,
) -> Result<&'a Payload, Mismatch> {
    // The state can be missing only if `absent` follows.
    states
        .first()
        .ok_or_else(|| Mismatch::new(query.describe(), "nothing with this id"))
}

/// Returns the first rows, one line each.
pub(super) fn show_rows(rows: &[Payload]) -> Vec<String> {
    const MAX_ROWS: usize = 5;

    let mut lines: Vec<String> = rows.iter().take(MAX_ROWS).map(show_stored).collect();
    if MAX_ROWS < rows.len() {
        lines.push(format!("and {} more", rows.len() - MAX_ROWS));
    }

    lines
}

use std::fmt;

use flow_domain::{
    Aggregate, Id, ProcessManager, Projection, json::Json, record::TableKind, testing::StateType,
};
use serde::Serialize;

use crate::{
    expect::{
        Claim, Expectation, Mismatch,
        compare_json::{require_equal, require_like},
        state_checks::{CheckKind, StateChecks, holds_for, require_one},
        stored_form::StoredForm,
        unchanged::require_unchanged,
    },
    outcome::{Description, Outcome, state_type_of},
    value::show_stored,
};

/// Expects that the aggregate with this id exists, and that it meets the checks that follow.
///
/// The state is found by the key of the id; see [`Id`]. If no act changed the aggregate, the expectation fails, because it
/// would pass without any act. Use [`unchanged`](State::unchanged) if the test expects that.
pub fn aggregate<'t, A: Aggregate>(id: impl Id) -> State<'t, A> {
    let state_type = StateType::new::<A>(TableKind::Aggregate, A::NAME, A::ID_FIELD);
    let stream_category = A::EVENT_SOURCED.then_some(A::CATEGORY);
    State::new(
        state_type,
        id.key().into_owned(),
        stream_category,
        StoredForm::json(),
    )
}

/// Expects that the row with this id exists, and that it meets the checks that follow.
///
/// See [`aggregate`] for the rules.
pub fn projection<'t, P: Projection>(id: impl Id) -> State<'t, P> {
    let state_type = StateType::new::<P>(TableKind::Projection, P::NAME, P::ID_FIELD);
    State::new(state_type, id.key().into_owned(), None, StoredForm::json())
}

/// Expects that the process manager with this key exists, and that it meets the checks that follow.
///
/// See [`aggregate`] for the rules.
pub fn process_manager<'t, M: ProcessManager>(key: impl Id) -> State<'t, M> {
    let state_type = StateType::new::<M>(TableKind::ProcessManager, M::name(), M::KEY);
    State::new(state_type, key.key().into_owned(), None, StoredForm::json())
}

/// Expects that a system that is not built on `flow-domain` has this state, and that it meets the checks.
pub(crate) fn state_of_system<'t, T>(kind: TableKind, id: impl fmt::Display) -> State<'t, T>
where
    T: fmt::Debug + PartialEq + Send + 'static,
{
    State::new(
        state_type_of::<T>(kind),
        id.to_string(),
        None,
        StoredForm::value(),
    )
}

/// The expectation about one stored state, from [`aggregate`], [`projection`] or
/// [`process_manager`].
///
/// Without a check, it expects only that the state exists.
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct State<'t, T> {
    checks: StateChecks<'t>,
    form: StoredForm<T>,
}

impl<T> State<'_, T> {
    fn new(
        state_type: StateType,
        id: String,
        stream_category: Option<&'static str>,
        form: StoredForm<T>,
    ) -> Self {
        Self {
            checks: StateChecks::new(state_type, Some(id), stream_category),
            form,
        }
    }

    /// Passes even if no act changed the state. A unit test checks that at its end.
    pub(crate) fn even_if_unchanged(mut self) -> Self {
        self.checks.requires_change = false;
        self
    }
}

impl<'t, T: fmt::Debug + 'static> State<'t, T> {
    /// Expects that the state equals `expected`.
    ///
    /// The stored values are compared. So the type needs no `PartialEq`, and a field that `serde`
    /// skips is not compared. The order of a hash set does not matter. Numbers are compared by their exact value: `1` and `1.0` are equal.
    #[track_caller]
    pub fn is(mut self, expected: T) -> Self {
        let form = self.form;
        let expected = (form.hold)(expected);
        self.checks
            .add("is", CheckKind::Values, move |states, query, _| {
                let expected = expected
                    .as_ref()
                    .map_err(|err| Mismatch::not_serialized("a value that has a JSON form", err))?;
                let found = require_one(states, query)?;
                let equal = require_equal(|| query.describe(), expected, found);
                // The elements of a hash set come in another order each time.
                let is_same = || (form.is_same)(query.state_type.name, expected, found);
                equal.or_else(|mismatch| if is_same() { Ok(()) } else { Err(mismatch) })
            });
        self
    }

    /// Expects that `holds` returns true for the state.
    #[track_caller]
    pub fn has(mut self, holds: impl Fn(&T) -> bool + Send + Sync + 't) -> Self {
        let form = self.form;
        self.checks
            .add("has", CheckKind::Values, move |states, query, _| {
                let state = require_one(states, query)?;
                if holds_for(state, query, form, &holds)? {
                    return Ok(());
                }

                let subject = query.describe();
                Err(Mismatch::new(
                    format!("{subject} for which the closure returns true"),
                    format!("{subject} {}", show_stored(state)),
                ))
            });
        self
    }

    /// Expects that the state has these fields with these values. Other fields are not compared.
    ///
    /// `expected` is `json!({ "status": "Placed" })`, or a value with some fields of the state.
    /// Numbers are compared by their exact value, and `json!` rounds a number beyond 64 bits. Arrays
    /// must have equal lengths. An empty object inside is like every object.
    #[track_caller]
    pub fn like(mut self, expected: impl Serialize) -> Self {
        let expected = Json::from_serialize(&expected);
        self.checks
            .add("like", CheckKind::Values, move |states, query, _| {
                let expected = expected
                    .as_ref()
                    .map_err(|err| Mismatch::not_serialized("a value that has a JSON form", err))?;
                require_like(|| query.describe(), expected, require_one(states, query)?)
            });
        self
    }

    /// Expects that the last act did not change the state.
    #[track_caller]
    pub fn unchanged(mut self) -> Self {
        self.checks
            .add("unchanged", CheckKind::NoChange, require_unchanged);
        self
    }

    /// Expects that there is no such state.
    #[track_caller]
    pub fn absent(self) -> impl Expectation + use<'t, T> {
        self.require_absent()
    }

    /// Adds the check of [`absent`](Self::absent), and keeps the type.
    #[track_caller]
    pub(crate) fn require_absent(mut self) -> Self {
        self.checks.add(
            "absent",
            CheckKind::Absence,
            |states, query, _| match states {
                [] => Ok(()),
                [state, ..] => {
                    let subject = query.describe();
                    let found = format!("{subject} {}", show_stored(state));
                    Err(Mismatch::new(format!("no {subject}"), found))
                }
            },
        );
        self
    }
}

impl<T> Expectation for State<'_, T> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self.checks.check(outcome)
    }

    fn describe(&self) -> String {
        self.checks.describe()
    }

    fn description(&self) -> Description {
        self.checks.description()
    }

    fn claim(&self, _: &Outcome) -> Claim {
        self.checks.claim()
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        self.checks.warning(outcome)
    }

    fn is_about_last_act(&self) -> bool {
        self.checks.is_about_last_act()
    }

    fn watched_state(&self) -> Option<(StateType, Option<String>)> {
        Some(self.checks.watched_state())
    }
}

impl<T> fmt::Debug for State<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.describe()).finish()
    }
}

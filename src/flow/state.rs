use std::marker::PhantomData;

use flow_domain::{Error, message::Payload};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    diagnosis::Requirement,
    expect::{require_equal, require_like},
    flow::{Mismatch, StateCheck, StateQuery},
    report::show_stored,
    run::{Outcome, require_unchanged},
};

/// Decodes a stored state, and returns whether `holds` returns true for it.
///
/// Returns a mismatch if the state cannot be decoded.
fn decode_and_test<T: DeserializeOwned + 'static>(
    state: &Payload,
    query: &StateQuery<'_>,
    holds: impl FnOnce(&T) -> bool,
) -> Result<bool, Mismatch> {
    state
        .with_decoded(query.state_type.name, holds)
        .map_err(|err| {
            let found = format!("{} (from {})", err.with_causes(), state.as_json());
            Mismatch::unreadable(query.describe(), found, &err)
        })
}

/// Returns the only state that a query with an id found.
fn require_one<'a>(states: &'a [Payload], query: &StateQuery<'_>) -> Result<&'a Payload, Mismatch> {
    // If there is no state, the runner has already failed the step, unless `absent` expects that.
    states
        .first()
        .ok_or_else(|| Mismatch::new(query.describe(), "nothing with this id"))
}

pub(super) struct Is(pub(super) Result<Payload, Error>);

impl StateCheck for Is {
    fn method(&self) -> &'static str {
        "is"
    }

    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        let payload = require_one(states, query)?;

        match &self.0 {
            Ok(expected) => require_equal(|| query.describe(), expected, payload),
            Err(err) => {
                let found = err.with_causes().to_string();
                Err(Mismatch::new("a value that has a JSON form", found))
            }
        }
    }
}

pub(super) struct Like(pub(super) Value);

impl StateCheck for Like {
    fn method(&self) -> &'static str {
        "like"
    }

    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        require_like(&query.describe(), &self.0, require_one(states, query)?)
    }
}

pub(super) struct Absent;

impl StateCheck for Absent {
    fn method(&self) -> &'static str {
        "absent"
    }

    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        match states.first() {
            None => Ok(()),
            Some(state) => Err(Mismatch::new(
                format!("no {}", query.describe()),
                render_state(state, query),
            )),
        }
    }
}

pub(super) struct Unchanged;

impl StateCheck for Unchanged {
    fn method(&self) -> &'static str {
        "unchanged"
    }

    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch> {
        require_unchanged(states, query, outcome)
    }
}

pub(super) struct Count(pub(super) usize);

impl StateCheck for Count {
    fn method(&self) -> &'static str {
        "count"
    }

    fn check(
        &self,
        states: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        if states.len() == self.0 {
            return Ok(());
        }

        let name = query.state_type.name;
        let counted = |n_rows: usize| format!("{} of {name}", count_text(n_rows));
        let mismatch = Mismatch::new(counted(self.0), counted(states.len()));

        Err(mismatch.with_differences(render_rows(states)))
    }
}

fn count_text(n_rows: usize) -> String {
    match n_rows {
        0 => "no rows".to_owned(),
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}

/// Renders a stored state, with the name and id of the query.
fn render_state(state: &Payload, query: &StateQuery<'_>) -> String {
    format!("{} {}", query.describe(), show_stored(state))
}

/// Renders the first few rows, one per line, and the number of the remaining rows.
pub(crate) fn render_rows(rows: &[Payload]) -> Vec<String> {
    const MAX_ROWS: usize = 5;

    let mut lines: Vec<String> = rows.iter().take(MAX_ROWS).map(show_stored).collect();
    if MAX_ROWS < rows.len() {
        lines.push(format!("and {} more", rows.len() - MAX_ROWS));
    }

    lines
}

/// Defines a check that calls a closure. Its `check_closure` method is written by hand below.
macro_rules! closure_check {
    ($name:ident, $method:literal) => {
        pub(super) struct $name<T, F> {
            holds: F,
            state_type: PhantomData<fn(T)>,
        }

        impl<T, F: Fn(&T) -> bool> $name<T, F> {
            pub(super) fn new(holds: F) -> Self {
                Self {
                    holds,
                    state_type: PhantomData,
                }
            }

            fn holds_for(&self, state: &Payload, query: &StateQuery<'_>) -> Result<bool, Mismatch>
            where
                T: DeserializeOwned + 'static,
            {
                decode_and_test(state, query, &self.holds)
            }
        }

        impl<T, F> StateCheck for $name<T, F>
        where
            T: DeserializeOwned + 'static,
            F: Fn(&T) -> bool + Send + Sync,
        {
            fn method(&self) -> &'static str {
                $method
            }

            fn check(
                &self,
                states: &[Payload],
                query: &StateQuery<'_>,
                _: &Outcome,
            ) -> Result<(), Mismatch> {
                self.check_closure(states, query)
            }
        }
    };
}

closure_check!(Has, "has");
closure_check!(All, "all");
closure_check!(Any, "any");
closure_check!(NoneOf, "none");

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> Has<T, F> {
    fn check_closure(&self, states: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let payload = require_one(states, query)?;
        if self.holds_for(payload, query)? {
            return Ok(());
        }

        Err(Mismatch::new(
            format!("{} for which the closure returns true", query.describe()),
            render_state(payload, query),
        ))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> All<T, F> {
    fn check_closure(&self, states: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let name = query.state_type.name;
        if states.is_empty() {
            return Err(Mismatch::new(
                format!("one or more rows of {name}, and the closure returns true for each"),
                "no rows, so the closure was never called; use `.count(0)` to expect no rows",
            ));
        }

        for row in states {
            if !self.holds_for(row, query)? {
                let requirement = Requirement::RowPredicate(Box::new(row.clone()));
                let mismatch = Mismatch::new(
                    format!("only rows of {name} for which the closure returns true"),
                    show_stored(row),
                );

                return Err(mismatch.with_requirement(requirement));
            }
        }

        Ok(())
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> Any<T, F> {
    fn check_closure(&self, states: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        for row in states {
            if self.holds_for(row, query)? {
                return Ok(());
            }
        }

        let name = query.state_type.name;
        let expected = format!("a row of {name} for which the closure returns true");
        let mut found_text = count_text(states.len());
        if !states.is_empty() {
            found_text.push_str(", but the closure returns true for none");
        }

        Err(Mismatch::new(expected, found_text).with_differences(render_rows(states)))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> NoneOf<T, F> {
    fn check_closure(&self, states: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let name = query.state_type.name;

        for row in states {
            if self.holds_for(row, query)? {
                let requirement = Requirement::NoRow(Box::new(row.clone()));
                let mismatch = Mismatch::new(
                    format!("no row of {name} for which the closure returns true"),
                    show_stored(row),
                );

                return Err(mismatch.with_requirement(requirement));
            }
        }

        Ok(())
    }
}

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

/// Decodes a stored value and returns whether `holds` is true for it.
///
/// Returns a mismatch if the value cannot be decoded.
fn decode_and_test<T: DeserializeOwned + 'static>(
    found: &Payload,
    query: &StateQuery<'_>,
    holds: impl FnOnce(&T) -> bool,
) -> Result<bool, Mismatch> {
    found
        .with_decoded(query.state_type.name, holds)
        .map_err(|err| {
            let found = format!("{} (from {})", err.with_causes(), found.as_json());
            Mismatch::unreadable(query.describe(), found, &err)
        })
}

/// Returns the state that a query with an id found.
fn require_one<'a>(found: &'a [Payload], query: &StateQuery<'_>) -> Result<&'a Payload, Mismatch> {
    // The runner has already failed the step if there is none, except for `absent`.
    found
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
        found: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        let payload = require_one(found, query)?;

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
        found: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        require_like(&query.describe(), &self.0, require_one(found, query)?)
    }
}

pub(super) struct Absent;

impl StateCheck for Absent {
    fn method(&self) -> &'static str {
        "absent"
    }

    fn check(
        &self,
        found: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        match found.first() {
            None => Ok(()),
            Some(found) => Err(Mismatch::new(
                format!("no {}", query.describe()),
                render_found(found, query),
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
        found: &[Payload],
        query: &StateQuery<'_>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch> {
        require_unchanged(found, query, outcome)
    }
}

pub(super) struct Count(pub(super) usize);

impl StateCheck for Count {
    fn method(&self) -> &'static str {
        "count"
    }

    fn check(
        &self,
        found: &[Payload],
        query: &StateQuery<'_>,
        _: &Outcome,
    ) -> Result<(), Mismatch> {
        if found.len() == self.0 {
            return Ok(());
        }

        let name = query.state_type.name;
        let counted = |n_rows: usize| format!("{} of {name}", count_text(n_rows));
        let mismatch = Mismatch::new(counted(self.0), counted(found.len()));

        Err(mismatch.with_differences(render_rows(found)))
    }
}

fn count_text(n_rows: usize) -> String {
    match n_rows {
        0 => "no rows".to_owned(),
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}

/// Renders a stored value, with the name and id of the query.
fn render_found(found: &Payload, query: &StateQuery<'_>) -> String {
    format!("{} {}", query.describe(), show_stored(found))
}

/// Renders the first few rows, one a line, and the number of the others.
pub(crate) fn render_rows(found: &[Payload]) -> Vec<String> {
    const MAX_ROWS: usize = 5;

    let mut lines: Vec<String> = found.iter().take(MAX_ROWS).map(show_stored).collect();
    if MAX_ROWS < found.len() {
        lines.push(format!("and {} more", found.len() - MAX_ROWS));
    }

    lines
}

macro_rules! closure_check {
    ($name:ident, $method:literal) => {
        pub(super) struct $name<T, F> {
            holds: F,
            state: PhantomData<fn(T)>,
        }

        impl<T, F: Fn(&T) -> bool> $name<T, F> {
            pub(super) fn new(holds: F) -> Self {
                Self {
                    holds,
                    state: PhantomData,
                }
            }

            fn holds_for(&self, found: &Payload, query: &StateQuery<'_>) -> Result<bool, Mismatch>
            where
                T: DeserializeOwned + 'static,
            {
                decode_and_test(found, query, &self.holds)
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
                found: &[Payload],
                query: &StateQuery<'_>,
                _: &Outcome,
            ) -> Result<(), Mismatch> {
                self.check_closure(found, query)
            }
        }
    };
}

closure_check!(Has, "has");
closure_check!(All, "all");
closure_check!(Any, "any");
closure_check!(NoneOf, "none");

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> Has<T, F> {
    fn check_closure(&self, found: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let payload = require_one(found, query)?;
        if self.holds_for(payload, query)? {
            return Ok(());
        }

        Err(Mismatch::new(
            format!("{} for which the closure returns true", query.describe()),
            render_found(payload, query),
        ))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> All<T, F> {
    fn check_closure(&self, found: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let name = query.state_type.name;
        if found.is_empty() {
            return Err(Mismatch::new(
                format!("one or more rows of {name}, and the closure returns true for each"),
                "no rows, so the closure was never called; use `.count(0)` to expect no rows",
            ));
        }

        for row in found {
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
    fn check_closure(&self, found: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        for row in found {
            if self.holds_for(row, query)? {
                return Ok(());
            }
        }

        let name = query.state_type.name;
        let expected = format!("a row of {name} for which the closure returns true");
        let mut found_text = count_text(found.len());
        if !found.is_empty() {
            found_text.push_str(", but the closure returns true for none");
        }

        Err(Mismatch::new(expected, found_text).with_differences(render_rows(found)))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> NoneOf<T, F> {
    fn check_closure(&self, found: &[Payload], query: &StateQuery<'_>) -> Result<(), Mismatch> {
        let name = query.state_type.name;

        for row in found {
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

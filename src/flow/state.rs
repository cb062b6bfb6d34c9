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

/// Looks at what was found, or tells that it cannot be read.
fn decode_and_test<T: DeserializeOwned + 'static>(
    found: &Payload,
    look: &StateQuery<'_>,
    holds: impl FnOnce(&T) -> bool,
) -> Result<bool, Mismatch> {
    found
        .with_decoded(look.state_type.name, holds)
        .map_err(|err| {
            let shown = format!("{} (from {})", err.with_causes(), found.as_json());
            Mismatch::unreadable(look.describe(), shown, &err)
        })
}

fn require_one<'a>(found: &'a [Payload], look: &StateQuery<'_>) -> Result<&'a Payload, Mismatch> {
    // The runner has made sure that it is there, except for `absent`.
    found
        .first()
        .ok_or_else(|| Mismatch::new(look.describe(), "nothing under that id"))
}

pub(super) struct Is(pub(super) Result<Payload, Error>);

impl StateCheck for Is {
    fn method(&self) -> &'static str {
        "is"
    }

    fn check(&self, found: &[Payload], look: &StateQuery<'_>, _: &Outcome) -> Result<(), Mismatch> {
        let payload = require_one(found, look)?;
        match &self.0 {
            Ok(expected) => require_equal(|| look.describe(), expected, payload),
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

    fn check(&self, found: &[Payload], look: &StateQuery<'_>, _: &Outcome) -> Result<(), Mismatch> {
        require_like(&look.describe(), &self.0, require_one(found, look)?)
    }
}

pub(super) struct Absent;

impl StateCheck for Absent {
    fn method(&self) -> &'static str {
        "absent"
    }

    fn check(&self, found: &[Payload], look: &StateQuery<'_>, _: &Outcome) -> Result<(), Mismatch> {
        match found.first() {
            None => Ok(()),
            Some(found) => Err(Mismatch::new(
                format!("no {}", look.describe()),
                render_found(found, look),
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
        look: &StateQuery<'_>,
        outcome: &Outcome,
    ) -> Result<(), Mismatch> {
        require_unchanged(found, look, outcome)
    }
}

pub(super) struct Count(pub(super) usize);

impl StateCheck for Count {
    fn method(&self) -> &'static str {
        "count"
    }

    fn check(&self, found: &[Payload], look: &StateQuery<'_>, _: &Outcome) -> Result<(), Mismatch> {
        if found.len() == self.0 {
            return Ok(());
        }
        let name = look.state_type.name;
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

/// What was found, with the name and the id that it was looked up by.
fn render_found(found: &Payload, look: &StateQuery<'_>) -> String {
    format!("{} {}", look.describe(), show_stored(found))
}

/// Some rows, one a line; how many there are beyond them is told.
pub(crate) fn render_rows(found: &[Payload]) -> Vec<String> {
    let shown = found.iter().take(5);
    let mut lines: Vec<String> = shown.map(show_stored).collect();
    if 5 < found.len() {
        lines.push(format!("and {} more", found.len() - 5));
    }
    lines
}

macro_rules! closure_check {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        pub(super) struct $name<T, F> {
            holds: F,
            of: PhantomData<fn(T)>,
        }

        impl<T, F: Fn(&T) -> bool> $name<T, F> {
            pub(super) fn new(holds: F) -> Self {
                Self {
                    holds,
                    of: PhantomData,
                }
            }

            fn holds_for(&self, found: &Payload, look: &StateQuery<'_>) -> Result<bool, Mismatch>
            where
                T: DeserializeOwned + 'static,
            {
                decode_and_test(found, look, &self.holds)
            }
        }

        impl<T, F> StateCheck for $name<T, F>
        where
            T: DeserializeOwned + 'static,
            F: Fn(&T) -> bool + Send + Sync,
        {
            fn method(&self) -> &'static str {
                $word
            }

            fn check(&self, found: &[Payload], look: &StateQuery<'_>, _: &Outcome) -> Result<(), Mismatch> {
                self.check_closure(found, look)
            }
        }
    };
}

closure_check!(Has, "has");
closure_check!(All, "all");
closure_check!(Any, "any");
closure_check!(None, "none");

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> Has<T, F> {
    fn check_closure(&self, found: &[Payload], look: &StateQuery<'_>) -> Result<(), Mismatch> {
        let found = require_one(found, look)?;
        if self.holds_for(found, look)? {
            return Ok(());
        }

        Err(Mismatch::new(
            format!("{} for which the closure holds", look.describe()),
            render_found(found, look),
        ))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> All<T, F> {
    fn check_closure(&self, found: &[Payload], look: &StateQuery<'_>) -> Result<(), Mismatch> {
        let name = look.state_type.name;
        if found.is_empty() {
            return Err(Mismatch::new(
                format!("rows of {name}, for all of which the closure holds"),
                "no rows at all, for which anything holds: `.count(0)` is the word for none",
            ));
        }

        for row in found {
            if !self.holds_for(row, look)? {
                let mismatch = Mismatch::new(
                    format!("only rows of {name} for which the closure holds"),
                    show_stored(row),
                );
                return Err(
                    mismatch.with_requirement(Requirement::RowPredicate(Box::new(row.clone())))
                );
            }
        }

        Ok(())
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> Any<T, F> {
    fn check_closure(&self, found: &[Payload], look: &StateQuery<'_>) -> Result<(), Mismatch> {
        for row in found {
            if self.holds_for(row, look)? {
                return Ok(());
            }
        }

        let mismatch = Mismatch::new(
            format!(
                "a row of {} for which the closure holds",
                look.state_type.name
            ),
            format!("{}, none of them such", count_text(found.len())),
        );

        Err(mismatch.with_differences(render_rows(found)))
    }
}

impl<T: DeserializeOwned + 'static, F: Fn(&T) -> bool> None<T, F> {
    fn check_closure(&self, found: &[Payload], look: &StateQuery<'_>) -> Result<(), Mismatch> {
        for row in found {
            if self.holds_for(row, look)? {
                let mismatch = Mismatch::new(
                    format!(
                        "no row of {} for which the closure holds",
                        look.state_type.name
                    ),
                    show_stored(row),
                );

                return Err(mismatch.with_requirement(Requirement::NoRow(Box::new(row.clone()))));
            }
        }

        Ok(())
    }
}

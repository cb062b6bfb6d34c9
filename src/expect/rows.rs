use std::fmt;

use flow_domain::{Projection, record::TableKind, testing::StateType};

use crate::{
    expect::{
        Claim, Expectation, Mismatch, Requirement,
        state_checks::{CheckKind, StateChecks, holds_for, show_rows},
        stored_form::StoredForm,
        unchanged::require_unchanged,
    },
    outcome::{Description, Outcome, state_type_of},
    value::{counted, show_stored},
};

/// Expects that all rows of a projection meet the checks that follow. They are ordered by id.
///
/// Without a check, it expects at least one row. If no act changed any row, the expectation fails,
/// because it would pass without any act. Use [`unchanged`](Rows::unchanged) if the test expects
/// that.
pub fn projections<'t, P: Projection>() -> Rows<'t, P> {
    let state_type = StateType::new::<P>(TableKind::Projection, P::NAME, P::ID_FIELD);

    Rows::new(state_type, StoredForm::json())
}

/// Expects that all rows of a read model of a [`SystemUnderTest`](crate::SystemUnderTest) meet the checks that
/// follow.
///
/// See [`projections`] for the rules. The system needs a [`view_list`](crate::SystemUnderTest::view_list).
pub fn rows<'t, P: fmt::Debug + PartialEq + Send + 'static>() -> Rows<'t, P> {
    Rows::new(
        state_type_of::<P>(TableKind::Projection),
        StoredForm::value(),
    )
}

/// The expectation about all rows of a projection, from [`projections`] or [`rows`].
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct Rows<'t, P> {
    checks: StateChecks<'t>,
    form: StoredForm<P>,
}

impl<P> Rows<'_, P> {
    fn new(state_type: StateType, form: StoredForm<P>) -> Self {
        Self {
            checks: StateChecks::new(state_type, None, None),
            form,
        }
    }
}

impl<'t, P: 'static> Rows<'t, P> {
    /// Expects exactly this number of rows.
    #[track_caller]
    pub fn count(mut self, expected: usize) -> Self {
        let kind = match expected {
            0 => CheckKind::Absence,
            _ => CheckKind::Values,
        };
        self.checks.add("count", kind, move |rows, query, _| {
            if rows.len() == expected {
                return Ok(());
            }

            let name = query.state_type.name;
            let counted = |n_rows: usize| format!("{} of {name}", count_text(n_rows));
            let mismatch = Mismatch::new(counted(expected), counted(rows.len()));
            Err(mismatch.with_differences(show_rows(rows)))
        });
        self
    }

    /// Expects that the last act did not change, add or remove any row.
    #[track_caller]
    pub fn unchanged(mut self) -> Self {
        self.checks
            .add("unchanged", CheckKind::NoChange, require_unchanged);
        self
    }

    /// Expects that `holds` returns true for every row, and that there is at least one row.
    #[track_caller]
    pub fn all(mut self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        let form = self.form;
        self.checks.add("all", CheckKind::Values, move |rows, query, _| {
            let name = query.state_type.name;
            if rows.is_empty() {
                return Err(Mismatch::new(
                    format!("one or more rows of {name}, and the closure returns true for each"),
                    "no rows, so the closure was never called; use `.count(0)` to expect no rows",
                ));
            }

            for row in rows {
                if !holds_for(row, query, form, &holds)? {
                    let expected =
                        format!("only rows of {name} for which the closure returns true");
                    return Err(Mismatch::new(expected, show_stored(row))
                        .with_requirement(Requirement::RowPredicate(Box::new(row.clone()))));
                }
            }

            Ok(())
        });
        self
    }

    /// Expects that `holds` returns true for at least one row.
    #[track_caller]
    pub fn any(mut self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        let form = self.form;
        self.checks
            .add("any", CheckKind::Values, move |rows, query, _| {
                for row in rows {
                    if holds_for(row, query, form, &holds)? {
                        return Ok(());
                    }
                }

                let name = query.state_type.name;
                let expected = format!("a row of {name} for which the closure returns true");
                let mut found = count_text(rows.len());
                if !rows.is_empty() {
                    found.push_str(", but the closure returns true for none");
                }
                Err(Mismatch::new(expected, found).with_differences(show_rows(rows)))
            });
        self
    }

    /// Expects that `holds` returns true for no row.
    ///
    /// This passes if there are no rows. Add [`count`](Self::count) or [`any`](Self::any) to expect
    /// rows.
    #[track_caller]
    pub fn none(mut self, holds: impl Fn(&P) -> bool + Send + Sync + 't) -> Self {
        let form = self.form;
        self.checks
            .add("none", CheckKind::Absence, move |rows, query, _| {
                for row in rows {
                    if holds_for(row, query, form, &holds)? {
                        let name = query.state_type.name;
                        let expected =
                            format!("no row of {name} for which the closure returns true");
                        return Err(Mismatch::new(expected, show_stored(row))
                            .with_requirement(Requirement::NoRow(Box::new(row.clone()))));
                    }
                }

                Ok(())
            });
        self
    }
}

fn count_text(n_rows: usize) -> String {
    match n_rows {
        0 => "no rows".to_owned(),
        n => counted(n, "row", "rows"),
    }
}

impl<P> Expectation for Rows<'_, P> {
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

impl<P> fmt::Debug for Rows<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rows").field(&self.describe()).finish()
    }
}

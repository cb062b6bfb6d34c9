use std::fmt;

use flow_domain::message::short_type_name;

use crate::{
    expect::{Expectation, Mismatch, check::require_handlers},
    outcome::Outcome,
};

/// Expects that `holds` returns true for the fake of type `T`.
///
/// If no act since the last `then` changed the fake, there is a warning: the expectation may pass without
/// them. Use [`unchanged`](Resource::unchanged) if the test expects that. The `Debug` text of the fake shows
/// whether it changed. If it hides that, the closure must be false for a fresh fake.
pub fn resource<'t, T: fmt::Debug + Send + Sync + 'static>(
    holds: impl Fn(&T) -> bool + Send + Sync + 't,
) -> Resource<'t, T> {
    Resource {
        holds: Box::new(holds),
        is_unchanged: false,
    }
}

/// The expectation from [`resource`].
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct Resource<'t, T> {
    holds: Box<dyn Fn(&T) -> bool + Send + Sync + 't>,
    is_unchanged: bool,
}

impl<T> Resource<'_, T> {
    /// Expects that no new act changed the fake. If one did, there is a warning.
    pub fn unchanged(mut self) -> Self {
        self.is_unchanged = true;
        self
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> Expectation for Resource<'_, T> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_handlers(outcome)?;

        let name = short_type_name::<T>();
        let found = match outcome.find_resource::<T>() {
            Some(resource) if (self.holds)(resource) => return Ok(()),
            Some(resource) => format!("{resource:?}"),
            None => {
                format!("the harness has no resource `{name}`; add it with `.resource(|| ..)`")
            }
        };

        let expected = format!("a {name} for which the closure returns true");
        Err(Mismatch::new(expected, found))
    }

    fn describe(&self) -> String {
        format!("resource {}", short_type_name::<T>())
    }

    fn unrecorded(&self, outcome: &Outcome) -> Option<String> {
        outcome.find_resource::<T>().map(|fake| format!("{fake:?}"))
    }

    fn warning_if_unchanged(&self, before: &str, outcome: &Outcome) -> Option<String> {
        let name = short_type_name::<T>();
        let is_changed = self.unrecorded(outcome)? != before;
        if self.is_unchanged {
            return is_changed.then(|| {
                format!("the acts changed the `Debug` text of {name}: remove `.unchanged()`")
            });
        }
        if is_changed {
            return None;
        }

        // `Debug` may show only a part of the fake. Then it is the same for a fresh one, which tells more.
        // The closure may panic or change something, so it must not get the fake of the run.
        let fresh = outcome.resources().make_fresh::<T>()?;
        let is_met_before = format!("{fresh:?}") != before || (self.holds)(&fresh);
        is_met_before.then(|| {
            format!(
                "the `Debug` text of {name} is as before the acts, so this expectation may pass without them. \
                 If the test expects this, add `.unchanged()`"
            )
        })
    }
}

impl<T> fmt::Debug for Resource<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("is_unchanged", &self.is_unchanged)
            .finish_non_exhaustive()
    }
}

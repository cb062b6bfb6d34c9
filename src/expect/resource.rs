use std::fmt;

use flow_domain::message::{MessageLabels, short_type_name};

use crate::expect::{Expectation, Mismatch, check::Check};

/// Expects that `holds` returns true for the fake of type `T`.
pub fn resource<'t, T: fmt::Debug + Send + Sync + 'static>(
    holds: impl Fn(&T) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    let name = short_type_name::<T>();

    let describe = move |_: &MessageLabels| format!("resource {name}");
    Check::about_messages(describe, move |outcome| {
        let found = match outcome.find_resource::<T>() {
            Some(resource) if holds(resource) => return Ok(()),
            Some(resource) => format!("{resource:?}"),
            None => {
                format!("the harness has no resource `{name}`; add it with `.resource(|| ..)`")
            }
        };

        let expected = format!("a {name} for which the closure returns true");
        Err(Mismatch::new(expected, found))
    })
}

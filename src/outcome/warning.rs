use std::{fmt, panic::Location};

use flow_domain::{record::Invariant, wiring::WiringWarning};

/// A likely mistake that does not fail the flow.
///
/// The report of a failed flow contains its warnings, except those about types without `PartialEq`. If
/// a flow passes, its warnings are printed to standard error, except those about silent changes and about
/// a command that changed nothing, unless the `then` steps after it only exclude something.
/// `cargo test -- --show-output` shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The source line of the step that it is about, or `None` if it is about the whole run.
    pub location: Option<&'static Location<'static>>,
    /// The invariant that was violated, if the warning is about one.
    pub invariant: Option<Invariant>,
    /// What may be wrong.
    pub text: String,
}

impl Warning {
    pub(crate) fn at_step(location: &'static Location<'static>, text: String) -> Self {
        Self {
            location: Some(location),
            invariant: None,
            text,
        }
    }

    /// Creates the warning about a type that does not implement `PartialEq`.
    pub(crate) fn compared_by_json(type_name: &str) -> Self {
        let text = format!(
            "{type_name} has no `PartialEq`, so its round trip is compared by JSON only: \
             add `#[derive(PartialEq)]`"
        );
        Self::about_invariant(Invariant::RoundTrip, text)
    }

    /// Creates a warning about the wiring of the domain, which says itself how to acknowledge it.
    pub(crate) fn about_wiring(warning: &WiringWarning) -> Self {
        Self::about_run(format!("domain: {warning}"))
    }

    /// Creates a warning about the whole run.
    pub(crate) fn about_run(text: String) -> Self {
        Self {
            location: None,
            invariant: None,
            text,
        }
    }

    pub(crate) fn about_invariant(invariant: Invariant, text: String) -> Self {
        Self {
            location: None,
            invariant: Some(invariant),
            text,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some(location) => write!(f, "{location}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Prints the warnings of a flow to standard error.
#[expect(clippy::print_stderr, reason = "a test prints warnings for people")]
pub(crate) fn print(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("flow warning: {warning}");
    }
}

use std::{fmt, panic::Location};

use flow_domain::record::Invariant;

/// Something that is no failure and may well be a mistake.
///
/// It is part of the report of a sentence that fails. If it passes, what is not about a law is printed to
/// the standard error of the test, which `cargo test -- --show-output` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The line of the step that it is about; `None` if it is about the whole run.
    pub location: Option<&'static Location<'static>>,
    /// The law that was not kept, if it is one.
    pub invariant: Option<Invariant>,
    /// What it is.
    pub text: String,
}

impl Warning {
    pub(super) fn at_step(location: &'static Location<'static>, text: String) -> Self {
        Self {
            location: Some(location),
            invariant: None,
            text,
        }
    }

    pub(in crate::run) fn of_invariant(law: Invariant, text: String) -> Self {
        Self {
            location: None,
            invariant: Some(law),
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

/// Has the warnings of a run seen by whoever looks at what the test prints.
#[expect(clippy::print_stderr, reason = "it is printed for people, by a test")]
pub(super) fn print(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("flow warning: {warning}");
    }
}

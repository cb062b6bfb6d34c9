use std::{cell::RefCell, fmt};

use serde::ser;

/// A value that has no JSON form, or none that can be read back.
#[derive(Debug)]
pub struct EncodeError {
    path: Path,
    reason: String,
}

/// The path from the whole value to one of its parts.
#[derive(Debug, Default)]
struct Path {
    /// The steps, the innermost first.
    steps: Vec<PathStep>,
}

#[derive(Debug)]
pub(super) enum PathStep {
    Field(String),
    Index(usize),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.steps.as_slice() {
            [] => f.write_str(&self.reason),
            _ => write!(f, "`{}`: {}", self.path, self.reason),
        }
    }
}

impl std::error::Error for EncodeError {}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, step) in self.steps.iter().rev().enumerate() {
            match step {
                PathStep::Field(name) if idx == 0 => f.write_str(name)?,
                PathStep::Field(name) => write!(f, ".{name}")?,
                PathStep::Index(idx) => write!(f, "[{idx}]")?,
            }
        }
        Ok(())
    }
}

/// The place and the reason of a failure. The errors of the inner serializer have no room for them.
#[derive(Debug, Default)]
pub(super) struct Failure {
    reason: RefCell<Option<String>>,
    path: RefCell<Path>,
}

impl Failure {
    pub(super) fn refuse<E: ser::Error>(&self, reason: String) -> E {
        let err = E::custom(&reason);
        self.reason.replace(Some(reason));
        err
    }

    /// Adds the next outer step to the path of the part that failed.
    pub(super) fn add_step(&self, step: PathStep) {
        self.path.borrow_mut().steps.push(step);
    }

    pub(super) fn into_error(self, err: &serde_json::Error) -> EncodeError {
        EncodeError {
            path: self.path.into_inner(),
            reason: self.reason.into_inner().unwrap_or_else(|| err.to_string()),
        }
    }
}

use std::{collections::BTreeMap, fmt};

use crate::{
    error::HandlerFailure,
    message::{Position, Recorded, StreamName},
};

/// What a projection was rebuilt from, and what was skipped.
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "it tells what was skipped"]
pub struct RebuildReport {
    /// How many events were read: all that the store has.
    pub n_events: usize,
    /// How often a projector handled one of them.
    pub n_handled: usize,
    /// How many rows there are now.
    pub n_rows: usize,
    /// How many rows were written or deleted because they were something else before.
    pub n_changed: usize,
    /// The events that a projector failed on, in order. The row has nothing of them.
    pub skipped: Vec<SkippedEvent>,
    /// The types of events that the domain does not know, and how many of each there are: nobody can
    /// handle them, so a row has nothing of them either.
    pub unknown: BTreeMap<String, usize>,
}

/// An event that a projector failed on.
#[derive(Debug)]
#[non_exhaustive]
pub struct SkippedEvent {
    /// The stream that it is in.
    pub stream: StreamName,
    /// Its place in the whole store.
    pub position: Position,
    /// Who failed, on what, and why.
    pub failure: HandlerFailure,
}

impl RebuildReport {
    /// Returns true if every event that a projector is for was handled, and the domain knows them all.
    pub fn is_complete(&self) -> bool {
        self.skipped.is_empty() && self.unknown.is_empty()
    }
}

impl SkippedEvent {
    pub(super) fn new(event: &Recorded, failure: HandlerFailure) -> Self {
        Self {
            stream: event.stream().clone(),
            position: event.position,
            failure,
        }
    }
}

fn pluralized(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

impl fmt::Display for RebuildReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} from {}, {} changed",
            pluralized(self.n_rows, "row"),
            pluralized(self.n_events, "event"),
            self.n_changed
        )?;

        for skipped in &self.skipped {
            write!(f, "\n  skipped {skipped}")?;
        }

        for (message_type, n) in &self.unknown {
            write!(
                f,
                "\n  skipped {n} of {message_type}: the domain does not know it"
            )?;
        }

        Ok(())
    }
}

impl fmt::Display for SkippedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            position,
            failure,
        } = self;
        write!(f, "position {position} in {stream}: {failure}")
    }
}

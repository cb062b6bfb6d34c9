use flow_domain::record::{Entry, EntryId, EntryKind, HandlerOutcome, Record, TableKind};

use crate::{
    chain::rolled_back_by,
    value::{StatusText, counted},
};

/// What each entry of a record directly caused.
#[derive(Debug)]
pub(super) struct Effects<'r> {
    record: &'r Record,
}

impl<'r> Effects<'r> {
    pub(super) fn new(record: &'r Record) -> Self {
        Self { record }
    }

    /// Returns the direct effects of an entry, oldest first.
    pub(super) fn caused_by(&self, id: EntryId) -> impl Iterator<Item = &'r Entry> + use<'r> {
        self.record.effects(id)
    }

    /// Returns how many races the same attempt had lost before this call.
    pub(super) fn n_lost_races(&self, start_entry: &Entry) -> usize {
        let earlier = start_entry.cause.into_iter().flat_map(|message| {
            self.caused_by(message)
                .take_while(|other| other.id < start_entry.id)
        });

        earlier
            .filter(|other| other.kind == start_entry.kind)
            .filter(|call| self.record.has_lost_race(call.id))
            .count()
    }

    /// Returns how a handler call ended, and what it changed.
    pub(super) fn call_result(&self, start_entry: &Entry) -> CallResult {
        let mut changes = Vec::new();
        let mut not_found = Vec::new();
        let mut outcome = None;
        let mut is_rolled_back = false;
        let mut caused_something = false;

        for effect in self.caused_by(start_entry.id) {
            match &effect.kind {
                // Bookkeeping says only that the message was handled.
                EntryKind::StateChanged(change) if !change.table.kind.has_user_data() => {}
                EntryKind::StateChanged(change) => {
                    let verb = match (&change.after, change.table.kind) {
                        (None, _) => "deleted",
                        (Some(_), TableKind::Projection) => "wrote",
                        (Some(_), _) => "stored",
                    };
                    changes.push(format!("{verb} {} {:?}", change.table.name, change.id));
                }
                EntryKind::InvariantViolated(violation) => {
                    changes.push(format!("violated the invariant `{}`", violation.invariant));
                }
                EntryKind::NotFound { table, id } => {
                    not_found.push(format!("found no {} {id:?}", table.name));
                }
                EntryKind::HandlerEnded(ended) => {
                    outcome = Some(ended);
                    is_rolled_back = rolled_back_by(effect, self.record).is_some();
                }
                _ => caused_something = true,
            }
        }

        match outcome {
            // The call has not ended.
            None => CallResult::Noted(String::new()),
            Some(HandlerOutcome::Handled) if is_rolled_back => CallResult::RolledBack,
            Some(HandlerOutcome::Handled | HandlerOutcome::Returned) if !changes.is_empty() => {
                CallResult::Noted(changes.join(", "))
            }
            // A `work.add(..)` may be missing in the handler, so the report says that nothing was stored. The
            // handler may have called a fake.
            Some(HandlerOutcome::Handled) if !caused_something => {
                not_found.insert(0, "handled, stored nothing".to_owned());
                CallResult::Noted(not_found.join("; "))
            }
            Some(HandlerOutcome::Handled) => CallResult::Handled,
            Some(HandlerOutcome::Filtered(reason)) => {
                CallResult::Noted(format!("skipped: {reason}"))
            }
            Some(HandlerOutcome::Rejected(rejection)) => {
                CallResult::Failed(format!("REJECTED: {}", rejection.reason))
            }
            Some(HandlerOutcome::Failed(failure)) => {
                CallResult::Failed(format!("FAILED: {failure}"))
            }
            Some(other) => CallResult::Noted(other.to_string()),
        }
    }
}

/// How a handler call ended, with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallResult {
    /// It was handled. Only the messages that it caused say more.
    Handled,
    /// It was handled or skipped.
    Noted(String),
    RolledBack,
    /// It rejected the message, or failed.
    Failed(String),
}

impl CallResult {
    pub(super) fn into_text(self) -> StatusText {
        match self {
            Self::Handled => StatusText::new("handled"),
            Self::Noted(text) => StatusText::new(text),
            Self::RolledBack => StatusText::new("rolled back"),
            Self::Failed(text) => StatusText::failure(text),
        }
    }
}

pub(super) fn attempt_suffix(attempt: u32) -> String {
    call_suffix(attempt, 0)
}

/// Returns the number of the attempt and of the races that it lost before this call, as far as there is
/// something to say.
pub(super) fn call_suffix(attempt: u32, n_lost_races: usize) -> String {
    let races = counted(n_lost_races, "lost race", "lost races");
    match (attempt, n_lost_races) {
        (1, 0) => String::new(),
        (n, 0) => format!(" (attempt {n})"),
        (1, _) => format!(" (after {races})"),
        (n, _) => format!(" (attempt {n}, after {races})"),
    }
}

/// Returns the name of the message that was issued, scheduled, raised or stored at this entry.
pub(super) fn message_name(entry: &Entry, record: &Record) -> String {
    let envelope = match &entry.kind {
        EntryKind::CommandReceived(envelope)
        | EntryKind::Raised(envelope)
        | EntryKind::Scheduled {
            command: envelope, ..
        } => envelope,
        EntryKind::Appended(event) => &event.envelope,
        _ => return "a message".to_owned(),
    };

    record.labels().label_of_envelope(envelope)
}

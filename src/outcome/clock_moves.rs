use std::{fmt, ops::Range};

use flow_domain::{
    clock::Timestamp,
    record::{ClockReason, Entry, EntryKind, Record},
};

/// The maximum number of commands that a line names.
const MAX_NAMED: usize = 3;

/// How the clock moved in one step, for one reason.
#[derive(Debug)]
pub(super) struct ClockMove {
    from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) reason: ClockReason,
    /// The scheduled commands whose time came on the way.
    fallen_due: Vec<String>,
}

/// Returns how the clock moved in these entries of the record, oldest first.
///
/// Moves in a row that have the same reason are one move.
pub(super) fn clock_moves(record: &Record, entries: Range<usize>) -> Vec<ClockMove> {
    let mut moves: Vec<ClockMove> = Vec::new();
    for entry in &record.entries()[entries] {
        match (&entry.kind, moves.last_mut()) {
            (EntryKind::ClockAdvanced { reason, .. }, Some(last)) if last.reason == *reason => {
                last.to = entry.time;
            }
            (EntryKind::ClockAdvanced { from, reason }, _) => moves.push(ClockMove {
                from: *from,
                to: entry.time,
                reason: *reason,
                fallen_due: Vec::new(),
            }),
            (_, Some(last)) => last.fallen_due.extend(last.due_command(entry, record)),
            (_, None) => {}
        }
    }

    moves
}

impl ClockMove {
    /// Returns the name of the scheduled command that `entry` publishes because its time came.
    fn due_command(&self, entry: &Entry, record: &Record) -> Option<String> {
        let EntryKind::Published { .. } = entry.kind else {
            return None;
        };
        let EntryKind::Scheduled { command, due } = &record.entry(entry.cause?).kind else {
            return None;
        };

        (self.from < *due && *due <= self.to).then(|| record.labels().label_of_envelope(command))
    }
}

impl fmt::Display for ClockMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration = humantime::format_duration(self.to.since(self.from));
        write!(f, "clock +{duration} to {}: {}", self.to, self.reason)?;

        let n_more = self.fallen_due.len().saturating_sub(MAX_NAMED);
        let named = &self.fallen_due[..self.fallen_due.len() - n_more];
        match (named, n_more) {
            ([], _) => Ok(()),
            (named, 0) => write!(f, "; {} fell due on the way", named.join(", ")),
            (named, n) => write!(f, "; {} and {n} more fell due on the way", named.join(", ")),
        }
    }
}

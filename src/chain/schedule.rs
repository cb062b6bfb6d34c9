use std::fmt;

use flow_domain::{
    clock::Timestamp,
    record::{Entry, EntryKind, Record},
};

/// What became of a scheduled command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScheduleStatus {
    /// It is pending until this time.
    Due(Timestamp),
    Cancelled,
    Delivered(Timestamp),
}

/// Returns what became of the command that `entry` scheduled; `None` for any other entry.
pub(crate) fn schedule_status(entry: &Entry, record: &Record) -> Option<ScheduleStatus> {
    let EntryKind::Scheduled { command, due } = &entry.kind else {
        return None;
    };

    let id = command.metadata.id;
    let is_cancelled = record
        .entries()
        .iter()
        .any(|other| other.kind == EntryKind::Cancelled(id));
    if is_cancelled {
        return Some(ScheduleStatus::Cancelled);
    }

    Some(match record.effects(entry.id).next() {
        Some(delivery) => ScheduleStatus::Delivered(delivery.time),
        None => ScheduleStatus::Due(*due),
    })
}

impl ScheduleStatus {
    pub(crate) fn is_pending(self) -> bool {
        matches!(self, Self::Due(_))
    }
}

impl fmt::Display for ScheduleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due(due) => write!(f, "scheduled for {due}"),
            Self::Cancelled => f.write_str("was cancelled"),
            Self::Delivered(time) => write!(f, "was delivered at {time}"),
        }
    }
}

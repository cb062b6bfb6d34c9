use std::{collections::BTreeSet, fmt};

use flow_domain::{
    clock::Timestamp,
    message::{Envelope, MessageId},
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

/// What became of the scheduled commands of a record.
#[derive(Debug)]
pub(crate) struct ScheduledCommands<'r> {
    record: &'r Record,
    /// The commands that were cancelled.
    cancelled: BTreeSet<MessageId>,
}

impl<'r> ScheduledCommands<'r> {
    pub(crate) fn new(record: &'r Record) -> Self {
        let cancelled = record
            .entries()
            .iter()
            .filter_map(|entry| match entry.kind {
                EntryKind::Cancelled(id) => Some(id),
                _ => None,
            });

        Self {
            record,
            cancelled: cancelled.collect(),
        }
    }

    /// Returns the commands that are scheduled and not yet due, each with its due time.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (&'r Envelope, Timestamp)> {
        let entries = self.record.entries().iter();
        entries.filter_map(|entry| match (&entry.kind, self.status(entry)) {
            (EntryKind::Scheduled { command, .. }, Some(ScheduleStatus::Due(due))) => {
                Some((&**command, due))
            }
            _ => None,
        })
    }

    /// Returns what became of the command that `entry` scheduled; `None` for any other entry.
    pub(crate) fn status(&self, entry: &Entry) -> Option<ScheduleStatus> {
        let EntryKind::Scheduled { command, due } = &entry.kind else {
            return None;
        };
        if self.cancelled.contains(&command.metadata.id) {
            return Some(ScheduleStatus::Cancelled);
        }

        Some(match self.record.effects(entry.id).next() {
            Some(delivery) => ScheduleStatus::Delivered(delivery.time),
            None => ScheduleStatus::Due(*due),
        })
    }
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

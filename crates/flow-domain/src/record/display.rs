use std::fmt;

use crate::record::{Entry, EntryKind, HandlerOutcome, Record, StateChange, Table};

/// One line an entry: its number, its cause, the time, and what happened with every id and value.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.entries() {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.id.index())?;
        if let Some(cause) = self.cause {
            write!(f, " <- #{}", cause.index())?;
        }
        write!(f, " {} {}", self.time, self.kind)
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandReceived(envelope) => {
                let metadata = &envelope.metadata;
                write!(
                    f,
                    "command {} {} for {} {:?}",
                    metadata.message_type, metadata.id, metadata.stream, envelope.message
                )
            }
            Self::HandlerStarted {
                handler,
                kind,
                attempt,
            } => {
                write!(f, "{kind} {handler} started, attempt {attempt}")
            }
            Self::HandlerEnded(ended) => write!(f, "{ended}"),
            Self::Raised(envelope) => {
                let metadata = &envelope.metadata;
                write!(
                    f,
                    "raised {} {} {:?}",
                    metadata.message_type, metadata.id, envelope.message
                )
            }
            Self::Appended(recorded) => {
                let metadata = recorded.metadata();
                write!(
                    f,
                    "appended {} {} to {} @{} at {}",
                    metadata.message_type,
                    metadata.id,
                    metadata.stream,
                    recorded.version,
                    recorded.position
                )
            }
            Self::StateChanged(written) => {
                let StateChange {
                    table,
                    id,
                    before,
                    after,
                } = &**written;

                match (before, after) {
                    (Some(before), Some(after)) => {
                        write!(f, "wrote {table} `{id}` {before:?} -> {after:?}")
                    }
                    (None, Some(after)) => write!(f, "wrote {table} `{id}` {after:?}"),
                    (Some(before), None) => write!(f, "deleted {table} `{id}` {before:?}"),
                    (None, None) => write!(f, "deleted {table} `{id}`"),
                }
            }
            Self::NotFound { table, id } => write!(f, "found no {table} `{id}`"),
            Self::InvariantViolated(broken) => write!(f, "{broken}"),
            Self::NoSubscriber => f.write_str("nobody handles it"),
            Self::Scheduled { command, due } => {
                let metadata = &command.metadata;
                write!(
                    f,
                    "scheduled {} {} at {due} {:?}",
                    metadata.message_type, metadata.id, command.message
                )
            }
            Self::Cancelled(id) => write!(f, "cancelled {id}"),
            Self::Published { topic } => write!(f, "published to {topic}"),
            Self::PublishFailed { reason, retry_at } => {
                write!(f, "publishing failed: {reason}; ")?;
                match retry_at {
                    Some(time) => write!(f, "again at {time}"),
                    None => f.write_str("abandoned"),
                }
            }
            Self::RetryScheduled(time) => write!(f, "again at {time}"),
            Self::RetriesExhausted {
                handler,
                attempts,
                is_dead_lettered: is_kept,
            } => {
                let fate = if *is_kept { "a dead letter" } else { "skipped" };
                write!(f, "{handler} gave up after {attempts}: {fate}")
            }
            Self::Expired => f.write_str("expired"),
            Self::HandleErrorFailed { reason } => write!(f, "handle_error failed: {reason}"),
            Self::EngineCrashed => f.write_str("the engine died"),
            Self::EngineRestarted => f.write_str("the engine restarted"),
            Self::ClockAdvanced { from } => write!(f, "time moved from {from}"),
        }
    }
}

impl fmt::Display for HandlerOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handled => f.write_str("handled"),
            Self::Filtered(reason) => write!(f, "filtered: {reason}"),
            Self::Deduplicated => f.write_str("handled before"),
            Self::Rejected(undone) => write!(f, "rejected: {undone}"),
            Self::Failed(undone) => write!(f, "failed: {undone}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

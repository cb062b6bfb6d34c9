use std::fmt;

use crate::{
    clock::Timestamp,
    message::{Envelope, Recorded},
    record::{EntryKind, HandlerOutcome, StateChange, Table},
};

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandReceived(command) => write_command(f, command),
            Self::HandlerStarted {
                handler,
                kind,
                attempt,
            } => write!(f, "{kind} {handler} started, attempt {attempt}"),
            Self::HandlerEnded(outcome) => write!(f, "{outcome}"),
            Self::Raised(event) => write_raised(f, event),
            Self::Appended(event) => write_appended(f, event),
            Self::StateChanged(change) => write_state_change(f, change),
            Self::NotFound { table, id } => write!(f, "found no {table} `{id}`"),
            #[cfg(feature = "testing")]
            Self::InvariantViolated(violation) => write!(f, "{violation}"),
            Self::NoSubscriber => f.write_str("no handler for the message"),
            Self::Scheduled { command, due } => write_scheduled(f, command, *due),
            Self::Cancelled(id) => write!(f, "cancelled {id}"),
            Self::Published { topic, .. } => write!(f, "published to {topic}"),
            Self::PublishFailed { reason, retry_at } => write_publish_failed(f, reason, *retry_at),
            Self::RetryScheduled(time) => write!(f, "retry at {time}"),
            Self::RetriesExhausted {
                handler,
                attempts,
                is_dead_lettered,
            } => write_retries_exhausted(f, *handler, *attempts, *is_dead_lettered),
            Self::Expired => f.write_str("expired"),
            Self::HandleErrorFailed { reason } => write!(f, "handle_error failed: {reason}"),
            Self::EngineCrashed => f.write_str("the engine crashed"),
            Self::EngineRestarted => f.write_str("the engine restarted"),
            Self::ClockAdvanced { from, reason } => {
                write!(f, "the clock advanced from {from}: {reason}")
            }
        }
    }
}

fn write_command(f: &mut fmt::Formatter<'_>, command: &Envelope) -> fmt::Result {
    let metadata = &command.metadata;
    write!(
        f,
        "command {} {} for {} {:?}",
        metadata.message_type, metadata.id, metadata.stream, command.message
    )
}

fn write_raised(f: &mut fmt::Formatter<'_>, event: &Envelope) -> fmt::Result {
    let metadata = &event.metadata;
    write!(
        f,
        "raised {} {} for {} {:?}",
        metadata.message_type, metadata.id, metadata.stream, event.message
    )
}

fn write_appended(f: &mut fmt::Formatter<'_>, event: &Recorded) -> fmt::Result {
    let metadata = event.metadata();
    write!(
        f,
        "appended {} {} to {} @{} at {}",
        metadata.message_type, metadata.id, metadata.stream, event.version, event.position
    )?;

    match &metadata.upcast_from {
        Some(stored) => write!(f, ", upcast from {}", stored.metadata.message_type),
        None => Ok(()),
    }
}

fn write_state_change(f: &mut fmt::Formatter<'_>, change: &StateChange) -> fmt::Result {
    let StateChange {
        table,
        id,
        before,
        after,
    } = change;

    match (before, after) {
        (Some(before), Some(after)) => write!(f, "wrote {table} `{id}` {before:?} -> {after:?}"),
        (None, Some(after)) => write!(f, "wrote {table} `{id}` {after:?}"),
        (Some(before), None) => write!(f, "deleted {table} `{id}` {before:?}"),
        (None, None) => write!(f, "deleted {table} `{id}`"),
    }
}

fn write_scheduled(f: &mut fmt::Formatter<'_>, command: &Envelope, due: Timestamp) -> fmt::Result {
    let metadata = &command.metadata;
    write!(
        f,
        "scheduled {} {} for {} at {due} {:?}",
        metadata.message_type, metadata.id, metadata.stream, command.message
    )
}

fn write_publish_failed(
    f: &mut fmt::Formatter<'_>,
    reason: &str,
    retry_at: Option<Timestamp>,
) -> fmt::Result {
    write!(f, "publishing failed: {reason}; ")?;
    match retry_at {
        Some(time) => write!(f, "retry at {time}"),
        None => f.write_str("abandoned"),
    }
}

fn write_retries_exhausted(
    f: &mut fmt::Formatter<'_>,
    handler: Option<&str>,
    attempts: u32,
    is_dead_lettered: bool,
) -> fmt::Result {
    let noun = if attempts == 1 { "attempt" } else { "attempts" };
    let consequence = if is_dead_lettered {
        "the message became a dead letter"
    } else {
        "the message was skipped"
    };

    match handler {
        Some(handler) => write!(
            f,
            "{handler} failed after {attempts} {noun}, retries exhausted: {consequence}"
        ),
        None => write!(f, "no handler after {attempts} {noun}: {consequence}"),
    }
}

impl fmt::Display for HandlerOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handled => f.write_str("handled"),
            #[cfg(feature = "testing")]
            Self::Returned => f.write_str("returned"),
            Self::Filtered(reason) => write!(f, "skipped: {reason}"),
            Self::Deduplicated => f.write_str("already handled"),
            Self::Rejected(rolled_back) => write!(f, "rejected: {rolled_back}"),
            Self::Failed(rolled_back) => write!(f, "failed: {rolled_back}"),
            Self::LostRace(rolled_back) => write!(f, "lost a race: {rolled_back}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

//! The values of the port as columns.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error,
    message::{Envelope, MessageKind, Metadata, Payload, Position, Recorded, Version},
    port::{OutboxState, RowKeys, SendResult, StoredState},
    record::TableKind,
};

/// Returns a number of the port as a column, which has a sign. No count reaches the limit.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a limit of the port as a column.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Returns a duration in microseconds. It ends at a hundred years, because a time has a last value.
pub(crate) fn micros(duration: Duration) -> i64 {
    const MAX: Duration = Duration::from_hours(100 * 365 * 24);
    i64::try_from(duration.min(MAX).as_micros()).unwrap_or(i64::MAX)
}

/// Returns a number of a column, which is never negative.
pub(crate) fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// Returns the name of a kind of tables. It is stored, so it never changes.
pub(crate) fn kind_name(kind: TableKind) -> Result<&'static str, Error> {
    Ok(match kind {
        TableKind::Aggregate => "aggregate",
        TableKind::ProcessManager => "process_manager",
        TableKind::Projection => "projection",
        TableKind::ProcessHistory => "process_history",
        TableKind::Inbox => "inbox",
        TableKind::DeadLetter => "dead_letter",
        TableKind::Snapshot => "snapshot",
        TableKind::SubjectKey => "subject_key",
        TableKind::Rebuild => "rebuild",
        TableKind::RebuiltRow => "rebuilt_row",
        other => {
            return Err(Error::setup(format!(
                "this version of flow-domain-sql has no table of the kind {other}: update it"
            )));
        }
    })
}

pub(crate) fn message_kind_name(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Command => "command",
        MessageKind::Event => "event",
    }
}

pub(crate) fn state_name(state: OutboxState) -> Result<&'static str, Error> {
    Ok(match state {
        OutboxState::Pending => "pending",
        OutboxState::Processing => "processing",
        OutboxState::Published => "published",
        OutboxState::Failed => "failed",
        OutboxState::Abandoned => "abandoned",
        other => {
            return Err(Error::setup(format!(
                "this version of flow-domain-sql has no outbox rows in the state {other:?}: update it"
            )));
        }
    })
}

pub(crate) fn state_of_name(name: &str) -> Option<OutboxState> {
    Some(match name {
        "pending" => OutboxState::Pending,
        "processing" => OutboxState::Processing,
        "published" => OutboxState::Published,
        "failed" => OutboxState::Failed,
        "abandoned" => OutboxState::Abandoned,
        _ => return None,
    })
}

/// The columns of the result of sending a message: its name, the error and the time of the next try.
pub(crate) fn send_result(result: &SendResult) -> (&'static str, Option<String>, Option<i64>) {
    match result {
        SendResult::Published => ("published", None, None),
        SendResult::Failed { error, retry_at } => {
            ("failed", Some(text(error)), Some(retry_at.as_micros()))
        }
        SendResult::Abandoned { error } => ("abandoned", Some(text(error)), None),
        SendResult::Released => ("released", None, None),
    }
}

/// Returns a text that every database takes. PostgreSQL has no U+0000.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(crate) fn metadata(metadata: &Metadata) -> Result<String, Error> {
    serde_json::to_string(metadata)
        .map_err(|err| Error::failed("serializing the metadata of a message", err))
}

/// Returns the keys of a row, or `None` if it has none.
pub(crate) fn keys(keys: &RowKeys) -> Result<Option<String>, Error> {
    if keys.is_empty() {
        return Ok(None);
    }

    serde_json::to_string(keys)
        .map(Some)
        .map_err(|err| Error::failed("serializing the keys of a row", err))
}

/// The columns of a stored event.
#[derive(Debug)]
pub(crate) struct EventColumns {
    pub(crate) position: i64,
    pub(crate) version: i64,
    pub(crate) metadata: String,
    pub(crate) payload: String,
}

impl EventColumns {
    /// Returns the event. An error names its position.
    pub(crate) fn decode(self) -> Result<Recorded, Error> {
        let envelope = envelope(&self.metadata, self.payload).map_err(|err| {
            Error::failed(
                format!("reading the event at position {}", self.position),
                err,
            )
        })?;

        Ok(Recorded {
            envelope: Arc::new(envelope),
            version: Version::new(number(self.version)),
            position: Position::new(number(self.position)),
        })
    }
}

pub(crate) fn envelope(
    metadata: &str,
    payload: impl Into<Arc<str>>,
) -> Result<Envelope, serde_json::Error> {
    Ok(Envelope {
        metadata: serde_json::from_str(metadata)?,
        message: Payload::from_json(payload),
    })
}

/// The columns of a state or a row.
#[derive(Debug)]
pub(crate) struct StateColumns {
    pub(crate) version: i64,
    pub(crate) value: String,
    pub(crate) keys: Option<String>,
}

impl StateColumns {
    /// Returns the state. An error names it by `id`.
    pub(crate) fn decode(self, id: &str) -> Result<StoredState, Error> {
        let keys = match self.keys.as_deref().map(serde_json::from_str) {
            None => RowKeys::default(),
            Some(Ok(keys)) => keys,
            Some(Err(err)) => {
                return Err(Error::failed(
                    format!("reading the keys of row `{id}`"),
                    err,
                ));
            }
        };

        Ok(StoredState {
            version: Version::new(number(self.version)),
            value: Payload::from_json(self.value),
            keys,
        })
    }
}

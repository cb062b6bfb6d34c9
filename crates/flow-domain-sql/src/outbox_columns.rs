//! The rows of the outbox as columns.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error,
    clock::Timestamp,
    port::{OutboxRow, Outgoing, SendResult, Settlement},
};
use serde_json::json;

use crate::encoding;

/// The names of the columns that a statement selects.
pub(crate) const COLUMNS: &str = "number, kind, category, stream_id, message_id, metadata, payload, due, state, \
    n_failures, error";

/// When a row that cannot be read is tried again.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// The columns of a row of the outbox.
#[derive(Debug)]
pub(crate) struct OutboxColumns {
    pub(crate) number: i64,
    pub(crate) kind: String,
    pub(crate) category: String,
    pub(crate) stream_id: String,
    pub(crate) message_id: String,
    /// `None` if the row is about an event, and somebody has deleted it.
    pub(crate) metadata: Option<String>,
    pub(crate) payload: Option<String>,
    pub(crate) due: Option<i64>,
    pub(crate) state: String,
    pub(crate) n_failures: i32,
    pub(crate) error: Option<String>,
}

impl OutboxColumns {
    /// Returns the row. An error names its number.
    fn decode(&self) -> Result<OutboxRow, Error> {
        let (Some(metadata), Some(payload)) = (&self.metadata, &self.payload) else {
            return Err(self.failure("its event was deleted"));
        };
        self.with_content(metadata, payload)
    }

    /// Returns the row for a list. A row that cannot be read has an empty message.
    pub(crate) fn decode_listed(&self) -> Result<OutboxRow, Error> {
        self.decode().or_else(|_unreadable| self.stand_in())
    }

    fn stand_in(&self) -> Result<OutboxRow, Error> {
        let metadata = json!({
            "id": self.message_id, "kind": self.kind, "type": "Outbox.Unreadable.v1",
            "stream": format!("{}-{}", self.category, self.stream_id), "time": "1970-01-01T00:00:00Z",
            "correlation": self.message_id, "causation": null, "priority": 0, "initiated_by": null,
            "caused_in_category": null, "deadline": null,
        });

        self.with_content(&metadata.to_string(), "null")
    }

    fn with_content(&self, metadata: &str, payload: &str) -> Result<OutboxRow, Error> {
        let envelope = encoding::envelope(metadata, payload).map_err(|err| self.failure(err))?;
        let state = encoding::state_of_name(&self.state)
            .ok_or_else(|| self.failure(format!("there is no state `{}`", self.state)))?;

        let outgoing = Outgoing {
            envelope: Arc::new(envelope),
            due: self.due.map(Timestamp::from_micros),
        };
        let mut row = OutboxRow::new(encoding::number(self.number), outgoing);
        row.state = state;
        row.n_failures = u32::try_from(self.n_failures).unwrap_or(0);
        row.error = self.error.as_deref().map(Arc::from);
        Ok(row)
    }

    fn failure(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::failed(format!("reading row {} of the outbox", self.number), cause)
    }
}

/// Returns the claimed rows that can be read, and the results of the others.
///
/// A row that cannot be read would stop the relay, and with it all other messages. So it fails, and only its stream
/// waits. It is tried again: somebody repairs it, or a newer program can read it.
pub(crate) fn readable(
    claimed: &[OutboxColumns],
    now: Timestamp,
) -> (Vec<OutboxRow>, Vec<Settlement>) {
    let (mut rows, mut unreadable) = (Vec::with_capacity(claimed.len()), Vec::new());

    for columns in claimed {
        match columns.decode() {
            Ok(row) => rows.push(row),
            Err(err) => unreadable.push(Settlement {
                number: encoding::number(columns.number),
                result: SendResult::Failed {
                    error: err.with_causes().to_string().into(),
                    retry_at: now + RETRY_AFTER,
                },
            }),
        }
    }
    (rows, unreadable)
}

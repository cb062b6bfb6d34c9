//! Rows of SQLite as columns of the port.

use rusqlite::{Result, Row};

use crate::{
    encoding::{EventColumns, StateColumns},
    outbox_columns::OutboxColumns,
};

pub(super) fn event(row: &Row<'_>) -> Result<EventColumns> {
    Ok(EventColumns {
        position: row.get("position")?,
        version: row.get("version")?,
        metadata: row.get("metadata")?,
        payload: row.get("payload")?,
    })
}

pub(super) fn outbox_row(row: &Row<'_>) -> Result<OutboxColumns> {
    Ok(OutboxColumns {
        number: row.get("number")?,
        kind: row.get("kind")?,
        category: row.get("category")?,
        stream_id: row.get("stream_id")?,
        message_id: row.get("message_id")?,
        metadata: row.get("metadata")?,
        payload: row.get("payload")?,
        due: row.get("due")?,
        state: row.get("state")?,
        n_failures: row.get("n_failures")?,
        error: row.get("error")?,
    })
}

pub(super) fn state(row: &Row<'_>) -> Result<StateColumns> {
    Ok(StateColumns {
        version: row.get("version")?,
        value: row.get("value")?,
        keys: row.get("keys")?,
    })
}

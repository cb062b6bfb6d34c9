use flow_domain::{
    Error,
    clock::Timestamp,
    message::{Payload, Recorded},
    port::Changes,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Result, params};

use crate::{
    batch::{Batch, OutgoingContent, OutgoingRow, Refused, StreamRow, WriteRow, expected_column},
    encoding,
    sqlite::{errors::failure, table_changes},
};

/// Writes all of the changes within the transaction of the caller.
///
/// If it returns an error, the caller rolls back.
pub(super) fn apply(connection: &Connection, changes: &Changes) -> Result<Vec<Recorded>, Error> {
    let batch = Batch::new(changes)?;
    let result = Writer { connection }
        .write(changes, &batch)
        .map_err(failure("commit"))?;

    match result {
        CommitResult::All(versions, positions) => Ok(batch.recorded(&versions, &positions)),
        CommitResult::Refused(refused, found) => Err(batch
            .refusal(refused, found)
            .unwrap_or_else(|| Error::adapter("sqlite", "commit", "a version is stale"))),
    }
}

/// How a commit ended, if the database did not fail.
enum CommitResult {
    /// The versions and the positions of the events.
    All(Vec<i64>, Vec<i64>),
    /// A part that is at another version than expected.
    Refused(Refused, Option<i64>),
}

struct Writer<'c> {
    connection: &'c Connection,
}

impl<'c> Writer<'c> {
    fn write(&self, changes: &Changes, batch: &Batch<'_>) -> Result<CommitResult> {
        for (idx, row) in batch.fences.iter().enumerate() {
            let epoch = self.epoch(&row.fence.group, row.fence.partition)?;
            if epoch != Some(encoding::integer(row.fence.epoch)) {
                return Ok(CommitResult::Refused(Refused::Fence(idx), epoch));
            }
        }
        for row in &batch.fences {
            if let Some(ledger) = row.ledger {
                self.prepare("update partition set ledger = ?3 where grp = ?1 and number = ?2")?
                    .execute(params![&*row.fence.group, row.fence.partition, ledger])?;
            }
        }

        let mut base = Vec::with_capacity(batch.streams.len());
        for (idx, row) in batch.streams.iter().enumerate() {
            let version = self.stream_version(row)?;
            if row.expected.is_some_and(|expected| expected != version) {
                return Ok(CommitResult::Refused(Refused::Stream(idx), Some(version)));
            }
            base.push(version);
        }
        for row in &batch.streams {
            self.grow_stream(row)?;
        }

        for (idx, row) in batch.writes.iter().enumerate() {
            if let Some(found) = self.write_state(row)? {
                return Ok(CommitResult::Refused(Refused::State(idx), Some(found)));
            }
        }

        for (idx, change) in batch.table_changes.iter().enumerate() {
            if let Some(found) = table_changes::apply(self.connection, change)? {
                return Ok(CommitResult::Refused(Refused::Table(idx), Some(found)));
            }
        }

        for id in &changes.cancelled {
            self.prepare(
                "delete from outbox where message_id = ?1 and ended is null \
                 and (position is null or due is not null) and held_until is null and n_failures = 0",
            )?
            .execute([id.to_string()])?;
        }

        let (mut versions, mut positions) = (Vec::new(), Vec::new());
        for row in &batch.events {
            let version = base[row.stream] + row.nth;
            let metadata = &row.envelope.metadata;
            self.prepare(
                "insert into event (category, stream_id, version, slot, message_id, type, metadata, \
                 payload) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                metadata.stream.category(),
                metadata.stream.id(),
                version,
                metadata.stream.slot(),
                metadata.id.to_string(),
                metadata.message_type.to_string(),
                row.metadata,
                row.envelope.message.as_json(),
            ])?;
            versions.push(version);
            positions.push(self.connection.last_insert_rowid());
        }

        for row in &batch.outgoing {
            self.add_outgoing(row, &positions)?;
        }
        Ok(CommitResult::All(versions, positions))
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }

    fn epoch(&self, group: &str, partition: u32) -> Result<Option<i64>> {
        self.prepare("select epoch from partition where grp = ?1 and number = ?2")?
            .query_row(params![group, partition], |row| row.get(0))
            .optional()
    }

    fn stream_version(&self, row: &StreamRow<'_>) -> Result<i64> {
        let version = self
            .prepare("select version from stream where category = ?1 and id = ?2")?
            .query_row(params![row.name.category(), row.name.id()], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(version.unwrap_or(0))
    }

    fn grow_stream(&self, row: &StreamRow<'_>) -> Result<()> {
        if 0 < row.n_events {
            self.prepare(
                "insert into stream (category, id, version) values (?1, ?2, ?3) \
                 on conflict do update set version = version + ?3",
            )?
            .execute(params![row.name.category(), row.name.id(), row.n_events])?;
        }
        Ok(())
    }

    /// Writes or deletes a state. Returns the version that is there if another one was expected.
    fn write_state(&self, row: &WriteRow<'_>) -> Result<Option<i64>> {
        let write = row.write;
        let found: Option<(i64, bool)> = self
            .prepare(
                "select version, value is not null from state \
                 where kind = ?1 and name = ?2 and id = ?3",
            )?
            .query_row(params![row.kind, write.table.name, &*write.id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (last_version, has_value) = found.unwrap_or((0, false));
        let version = if has_value { last_version } else { 0 };

        if expected_column(write.expected).is_some_and(|expected| expected != version) {
            return Ok(Some(version));
        }
        // A deletion of nothing changes nothing.
        if write.value.is_none() && !has_value {
            return Ok(None);
        }

        let value = write.value.as_ref().map(Payload::as_json);
        self.prepare(
            "insert into state (kind, name, id, version, value, keys, ended) \
             values (?1, ?2, ?3, ?4, ?5, ?6, case when ?5 is null \
             or ?1 in ('inbox', 'process_history') then cast(unixepoch('subsec') * 1000000 as integer) end) \
             on conflict do update set version = ?4, value = ?5, keys = ?6, ended = excluded.ended",
        )?
        .execute(params![
            row.kind,
            write.table.name,
            &*write.id,
            last_version + 1,
            value,
            row.keys.as_ref().filter(|_| value.is_some()),
        ])?;
        Ok(None)
    }

    fn add_outgoing(&self, row: &OutgoingRow<'_>, positions: &[i64]) -> Result<()> {
        let (metadata, due) = (&row.outgoing.envelope.metadata, row.outgoing.due);
        let (position, own_metadata, payload) = match &row.content {
            OutgoingContent::Event(idx) => (Some(positions[*idx]), None, None),
            OutgoingContent::Own(own) => {
                let payload = row.outgoing.envelope.message.as_json();
                (None, Some(own), Some(payload))
            }
        };

        self.prepare(
            "insert into outbox (kind, category, stream_id, message_id, due, waiting, position, \
             metadata, payload) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            encoding::message_kind_name(metadata.kind),
            metadata.stream.category(),
            metadata.stream.id(),
            metadata.id.to_string(),
            due.map(Timestamp::as_micros),
            due.is_some(),
            position,
            own_metadata,
            payload,
        ])?;
        Ok(())
    }
}

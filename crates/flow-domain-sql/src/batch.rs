//! The changes of one commit as rows, in the order in which a store locks them.

use std::sync::Arc;

use flow_domain::{
    Error,
    message::{Envelope, ExpectedVersion, Position, Recorded, StreamName, Version},
    port::{Changes, Fence, Outgoing, TableChange, Write},
    record::Table,
};

use crate::encoding;

/// The changes of one commit, sorted so that two commits cannot wait for each other.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    changes: &'a Changes,
    pub(crate) fences: Vec<FenceRow<'a>>,
    pub(crate) streams: Vec<StreamRow<'a>>,
    pub(crate) events: Vec<EventRow<'a>>,
    pub(crate) writes: Vec<WriteRow<'a>>,
    pub(crate) table_changes: Vec<TableChangeRow>,
    pub(crate) outgoing: Vec<OutgoingRow<'a>>,
}

/// An epoch to check, and the ledger to save under it.
#[derive(Debug)]
pub(crate) struct FenceRow<'a> {
    pub(crate) fence: &'a Fence,
    pub(crate) ledger: Option<&'a str>,
}

/// A stream whose version is checked or grows.
#[derive(Debug)]
pub(crate) struct StreamRow<'a> {
    pub(crate) name: &'a StreamName,
    /// `None` if the stream may have any version.
    pub(crate) expected: Option<i64>,
    pub(crate) n_events: i64,
}

#[derive(Debug)]
pub(crate) struct EventRow<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) metadata: String,
    /// The index of its stream.
    pub(crate) stream: usize,
    /// Its number within its stream and this commit, from 1.
    pub(crate) nth: i64,
}

#[derive(Debug)]
pub(crate) struct WriteRow<'a> {
    pub(crate) write: &'a Write,
    pub(crate) kind: &'static str,
    pub(crate) keys: Option<String>,
}

#[derive(Debug)]
pub(crate) struct OutgoingRow<'a> {
    pub(crate) outgoing: &'a Outgoing,
    pub(crate) content: OutgoingContent,
}

/// A change of a whole table. A table is named by two columns.
#[derive(Debug)]
pub(crate) struct TableChangeRow {
    /// The table that gets the rows of `cleared`, and its expected version.
    pub(crate) replaced: Option<((&'static str, &'static str), i64)>,
    /// The table whose rows are removed in the end.
    pub(crate) cleared: (&'static str, &'static str),
}

/// Where the content of an outgoing message is.
#[derive(Debug)]
pub(crate) enum OutgoingContent {
    /// In the event of this commit that has this index.
    Event(usize),
    /// In the row itself, with this metadata.
    Own(String),
}

/// The part of a commit that a refusal is about, with its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Fence(usize),
    Stream(usize),
    State(usize),
    /// The table of a replacement.
    Table(usize),
}

/// Returns the version that a write expects, or `None` for any.
pub(crate) fn expected_column(expected: ExpectedVersion) -> Option<i64> {
    match expected {
        ExpectedVersion::Any => None,
        ExpectedVersion::Exact(version) => Some(encoding::integer(version.as_u64())),
    }
}

impl<'a> Batch<'a> {
    pub(crate) fn new(changes: &'a Changes) -> Result<Self, Error> {
        let mut batch = Self {
            changes,
            fences: fence_rows(changes),
            streams: stream_rows(changes),
            events: Vec::with_capacity(changes.events.len()),
            writes: Vec::with_capacity(changes.writes.len()),
            table_changes: table_change_rows(changes)?,
            outgoing: Vec::with_capacity(changes.outgoing.len()),
        };

        for event in &changes.events {
            let stream = batch.add_event_to_stream(&event.metadata.stream);
            batch.events.push(EventRow {
                envelope: event,
                metadata: encoding::metadata(&event.metadata)?,
                stream,
                nth: batch.streams[stream].n_events,
            });
        }

        for write in &changes.writes {
            batch.writes.push(WriteRow {
                write,
                kind: encoding::kind_name(write.table.kind)?,
                keys: encoding::keys(&write.keys)?,
            });
        }
        batch
            .writes
            .sort_by_key(|row| (row.write.table, &row.write.id));

        // Events are sent in their own order, but maybe not all of them.
        let mut next_idx = 0;
        for outgoing in &changes.outgoing {
            let envelope = &outgoing.envelope;
            let mut others = changes.events.iter().enumerate().skip(next_idx);
            let event = others.find(|(_, event)| Arc::ptr_eq(event, envelope));
            batch.outgoing.push(OutgoingRow {
                outgoing,
                content: match event {
                    Some((idx, _)) => {
                        next_idx = idx + 1;
                        OutgoingContent::Event(idx)
                    }
                    None => OutgoingContent::Own(encoding::metadata(&envelope.metadata)?),
                },
            });
        }

        Ok(batch)
    }

    /// Counts one more event of a stream. Returns the index of the stream.
    fn add_event_to_stream(&mut self, name: &StreamName) -> usize {
        let idx = self.streams.partition_point(|row| row.name < name);
        self.streams[idx].n_events += 1;
        idx
    }

    /// Returns the recorded events from their versions and positions.
    pub(crate) fn recorded(&self, versions: &[i64], positions: &[i64]) -> Vec<Recorded> {
        let events = self.changes.events.iter().zip(versions).zip(positions);

        events
            .map(|((event, version), position)| Recorded {
                envelope: Arc::clone(event),
                version: Version::new(encoding::number(*version)),
                position: Position::new(encoding::number(*position)),
            })
            .collect()
    }

    /// Returns the error for a commit that was refused. `found` is the version that is there.
    pub(crate) fn refusal(&self, refused: Refused, found: Option<i64>) -> Option<Error> {
        let writer = self.changes.writer;
        let found = Version::new(encoding::number(found.unwrap_or(0)));
        let conflict = |target: String, expected: ExpectedVersion| {
            Error::conflict(writer, target, expected, ExpectedVersion::Exact(found))
        };

        Some(match refused {
            Refused::Fence(idx) => {
                let fence = self.fences.get(idx)?.fence;
                Error::fenced(writer, &fence.group, fence.partition)
            }
            Refused::Stream(idx) => {
                let row = self.streams.get(idx)?;
                let expected = Version::new(encoding::number(row.expected?));
                conflict(
                    format!("stream `{}`", row.name),
                    ExpectedVersion::Exact(expected),
                )
            }
            Refused::State(idx) => {
                let write = self.writes.get(idx)?.write;
                conflict(format!("{} `{}`", write.table, write.id), write.expected)
            }
            Refused::Table(idx) => match *self.changes.table_changes.get(idx)? {
                TableChange::Replace {
                    table, expected, ..
                } => conflict(table.to_string(), ExpectedVersion::Exact(expected)),
                TableChange::Clear(_) => return None,
            },
        })
    }
}

fn fence_rows(changes: &Changes) -> Vec<FenceRow<'_>> {
    let fence = changes.fence.iter().map(|fence| (fence, None));
    let ledgers = changes
        .ledgers
        .iter()
        .map(|ledger| (&ledger.fence, Some(ledger.value.as_json())));

    let mut rows: Vec<FenceRow<'_>> = fence
        .chain(ledgers)
        .map(|(fence, ledger)| FenceRow { fence, ledger })
        .collect();
    rows.sort_by_key(|row| (&row.fence.group, row.fence.partition));
    rows
}

/// Returns the streams that a commit checks or writes, without the numbers of their events.
fn stream_rows(changes: &Changes) -> Vec<StreamRow<'_>> {
    let expected = changes.expected.iter().filter_map(|expected| {
        let version = expected_column(expected.version)?;
        Some((&expected.stream, Some(version)))
    });
    let written = changes
        .events
        .iter()
        .map(|event| (&event.metadata.stream, None));

    let mut rows: Vec<StreamRow<'_>> = expected
        .chain(written)
        .map(|(name, expected)| StreamRow {
            name,
            expected,
            n_events: 0,
        })
        .collect();
    // The sort is stable, so the row with the expected version stays.
    rows.sort_by_key(|row| row.name);
    rows.dedup_by_key(|row| row.name);
    rows
}

fn table_change_rows(changes: &Changes) -> Result<Vec<TableChangeRow>, Error> {
    let columns =
        |table: Table| -> Result<_, Error> { Ok((encoding::kind_name(table.kind)?, table.name)) };

    changes
        .table_changes
        .iter()
        .map(|change| {
            Ok(match *change {
                TableChange::Clear(table) => TableChangeRow {
                    replaced: None,
                    cleared: columns(table)?,
                },
                TableChange::Replace {
                    table,
                    by,
                    expected,
                } => TableChangeRow {
                    replaced: Some((columns(table)?, encoding::integer(expected.as_u64()))),
                    cleared: columns(by)?,
                },
            })
        })
        .collect()
}

use std::{fmt, sync::Arc};

use crate::{
    adapter::memory::{event_log::EventLog, outbox::OutboxTable, tables::Tables},
    error::Error,
    message::{ExpectedVersion, Recorded, Version},
    port::Changes,
};

/// All that a store keeps, as plain data.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreState {
    pub(super) events: EventLog,
    pub(super) tables: Tables,
    pub(super) outbox: OutboxTable,
}

impl StoreState {
    pub(super) fn commit(&mut self, changes: &Changes) -> Result<Vec<Recorded>, Error> {
        // From here on nothing fails, or something would be half written.
        self.check_versions(changes)?;
        for write in &changes.writes {
            self.tables.apply(write);
        }

        // What is taken back was there before; what is added now is sent, whatever its id.
        for id in &changes.cancelled {
            self.outbox.cancel(*id);
        }

        for outgoing in &changes.outgoing {
            self.outbox.add(outgoing);
        }

        let events = changes.events.iter();
        Ok(events
            .map(|event| self.events.append(Arc::clone(event)))
            .collect())
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            events: self.events.fork(),
            tables: self.tables.fork(),
            outbox: self.outbox.fork(),
        }
    }

    fn check_versions(&self, changes: &Changes) -> Result<(), Error> {
        for expected in &changes.expected {
            let found = self.events.version(&expected.stream);
            check_version(changes.writer, expected.version, found, || {
                format!("stream `{}`", expected.stream)
            })?;
        }

        for write in &changes.writes {
            let found = self.tables.version(write.table, &write.id);
            check_version(changes.writer, write.expected, found, || {
                format!("{} `{}`", write.table, write.id)
            })?;
        }

        Ok(())
    }
}

fn check_version<W: fmt::Display>(
    who: &str,
    expected: ExpectedVersion,
    found: Version,
    what: impl FnOnce() -> W,
) -> Result<(), Error> {
    if expected.allows(found) {
        return Ok(());
    }
    let found = ExpectedVersion::Exact(found);
    Err(Error::conflict(who, what(), expected, found))
}

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    adapter::memory::{
        event_log::EventLog, forgettable::Forgettable, leases::Leases, outbox::OutboxTable,
        tables::Tables,
    },
    error::Error,
    message::{ExpectedVersion, Recorded, Version},
    port::{Changes, TableChange},
};

/// All data of a store, without the lock.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreState {
    pub(super) events: EventLog,
    pub(super) tables: Tables,
    pub(super) outbox: OutboxTable,
    pub(super) leases: Leases,
    forgettable: Forgettable,
}

impl StoreState {
    pub(super) fn commit(&mut self, changes: &Changes) -> Result<Vec<Recorded>, Error> {
        self.check_versions(changes)?;

        // Nothing may fail from here on, or a commit would be written in part.
        for write in &changes.writes {
            let version = self.tables.apply(write);
            self.forgettable.note(write, version);
        }

        for change in &changes.table_changes {
            self.change_table(*change);
        }

        for ledger in &changes.ledgers {
            self.leases.save(ledger);
        }

        // The cancellations come before the additions. A commit can cancel a message and add it again.
        for id in &changes.cancelled {
            self.outbox
                .cancel(*id, |row| self.events.has(&row.envelope));
        }
        for outgoing in &changes.outgoing {
            self.outbox.add(outgoing);
        }

        let recorded = changes
            .events
            .iter()
            .map(|event| self.events.append(Arc::clone(event)))
            .collect();
        Ok(recorded)
    }

    fn change_table(&mut self, change: TableChange) {
        let cleared = match change {
            TableChange::Clear(table) => table,
            TableChange::Replace { table, by, .. } => {
                for write in self.tables.replacing_writes(table, by) {
                    let version = self.tables.apply(&write);
                    self.forgettable.note(&write, version);
                }
                by
            }
        };

        self.tables.clear(cleared);
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            events: self.events.fork(),
            tables: self.tables.fork(),
            outbox: self.outbox.fork(),
            leases: self.leases.clone(),
            forgettable: self.forgettable.fork(),
        }
    }

    pub(super) fn forget(&mut self, age: Duration) -> usize {
        self.forgettable.forget(age, &mut self.tables)
    }

    fn check_versions(&self, changes: &Changes) -> Result<(), Error> {
        let ledger_fences = changes.ledgers.iter().map(|ledger| &ledger.fence);
        for fence in changes.fence.iter().chain(ledger_fences) {
            if !self.leases.is_current(fence) {
                let (group, partition) = (&fence.group, fence.partition);
                return Err(Error::fenced(changes.writer, group, partition));
            }
        }

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

        for change in &changes.table_changes {
            if let TableChange::Replace {
                table, expected, ..
            } = *change
            {
                let found = self.tables.table_version(table);
                let expected = ExpectedVersion::Exact(expected);
                check_version(changes.writer, expected, found, || table.to_string())?;
            }
        }

        Ok(())
    }
}

fn check_version<W: fmt::Display>(
    writer: &str,
    expected: ExpectedVersion,
    found: Version,
    target: impl FnOnce() -> W,
) -> Result<(), Error> {
    if expected.allows(found) {
        return Ok(());
    }

    let found = ExpectedVersion::Exact(found);
    Err(Error::conflict(writer, target(), expected, found))
}

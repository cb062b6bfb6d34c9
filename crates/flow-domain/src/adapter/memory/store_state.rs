use std::{sync::Arc, time::Duration};

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

    /// Checks what a commit is based on.
    ///
    /// Of several reasons to refuse, the error names the one that comes first in the order of the databases.
    fn check_versions(&self, changes: &Changes) -> Result<(), Error> {
        let ledger_fences = changes.ledgers.iter().map(|ledger| &ledger.fence);
        let fences = changes.fence.iter().chain(ledger_fences);
        let stale = fences
            .filter(|fence| !self.leases.is_current(fence))
            .min_by_key(|fence| (&fence.group, fence.partition));
        if let Some(fence) = stale {
            let (group, partition) = (&fence.group, fence.partition);
            return Err(Error::fenced(changes.writer, group, partition));
        }

        let refuse = |target: String, expected: ExpectedVersion, found: Version| {
            let found = ExpectedVersion::Exact(found);
            Err(Error::conflict(changes.writer, target, expected, found))
        };
        let streams = changes.expected.iter().filter_map(|expected| {
            let found = self.events.version(&expected.stream);
            (!expected.version.allows(found)).then_some((expected, found))
        });
        if let Some((expected, found)) = streams.min_by_key(|(expected, _)| &expected.stream) {
            let target = format!("stream `{}`", expected.stream);
            return refuse(target, expected.version, found);
        }

        let writes = changes.writes.iter().filter_map(|write| {
            let found = self.tables.version(write.table, &write.id);
            (!write.expected.allows(found)).then_some((write, found))
        });
        if let Some((write, found)) = writes.min_by_key(|(write, _)| (write.table, &write.id)) {
            let target = format!("{} `{}`", write.table, write.id);
            return refuse(target, write.expected, found);
        }

        for change in &changes.table_changes {
            if let TableChange::Replace {
                table, expected, ..
            } = *change
            {
                let (found, expected) = (
                    self.tables.table_version(table),
                    ExpectedVersion::Exact(expected),
                );
                if !expected.allows(found) {
                    return refuse(table.to_string(), expected, found);
                }
            }
        }

        Ok(())
    }
}

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    adapter::memory::{
        overlay::{Overlay, give_back},
        tables::Tables,
    },
    clock::monotonic_now,
    message::Version,
    port::Write,
    record::{Table, TableKind},
};

/// The values that must be known for a time only, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Forgettable {
    // A fork copies few of them: see `Overlay`.
    values: Overlay<Vec<ForgettableValue>>,
}

/// A row of an inbox, the history of a process manager, or a value that was deleted.
#[derive(Clone, Debug)]
struct ForgettableValue {
    written: Instant,
    table: Table,
    id: Arc<str>,
    /// The version after the write. A later write makes the value known again.
    version: Version,
}

impl Forgettable {
    /// Notes a write, if its result must be known for a time only.
    pub(super) fn note(&mut self, write: &Write, version: Version) {
        let is_log = matches!(
            write.table.kind,
            TableKind::Inbox | TableKind::ProcessHistory
        );
        let is_forgettable = write.value.is_none() || is_log;
        if is_forgettable && version != Version::NONE {
            let (_, values) = self.values.split_mut();
            values.push(ForgettableValue {
                written: monotonic_now(),
                table: write.table,
                id: Arc::clone(&write.id),
                version,
            });
        }
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            values: self.values.fork(),
        }
    }

    /// Removes the values that were written `age` ago or earlier, and returns their number.
    pub(super) fn forget(&mut self, age: Duration, tables: &mut Tables) -> usize {
        let Some(before) = monotonic_now().checked_sub(age) else {
            return 0;
        };
        let is_old = |value: &ForgettableValue| value.written <= before;
        if !self.values.iter().flatten().next().is_some_and(is_old) {
            return 0;
        }

        let values = self.values.flatten();
        let n_old = values.partition_point(is_old);
        let forgotten = values
            .drain(..n_old)
            .filter(|value| tables.forget(value.table, &value.id, value.version));
        let n_forgotten = forgotten.count();
        give_back(values);
        n_forgotten
    }
}

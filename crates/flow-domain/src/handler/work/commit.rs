use std::sync::Arc;

use crate::{
    error::Error,
    handler::{UnitOfWork, work::session::PendingChange},
    message::{Envelope, Payload, Processing},
    record::{EntryId, EntryKind, StateChange, Table, TableKind},
};

/// An event that was committed, and its entry in the record.
#[derive(Clone, Debug)]
pub(crate) struct CommittedEvent {
    pub(crate) event: Arc<Envelope>,
    pub(crate) entry: EntryId,
}

impl UnitOfWork {
    /// Hands over what is to be written to somebody who keeps it elsewhere than in the store.
    pub(crate) fn take_writes(&mut self, mut keep: impl FnMut(Table, Arc<str>, Option<Payload>)) {
        for value in self.session.values.drain(..) {
            match value.change {
                PendingChange::Unchanged => {}
                PendingChange::Put(after) => keep(value.table, value.id, Some(after)),
                PendingChange::Delete => keep(value.table, value.id, None),
            }
        }
    }

    /// Writes everything or nothing, and returns the events that were appended, in order.
    pub(crate) async fn commit(&mut self) -> Result<Vec<CommittedEvent>, Error> {
        let mut changes = self.session.take_changes(self.context.handler);
        if changes.is_empty() {
            self.record_not_found();
            return Ok(Vec::new());
        }

        if self.context.processing == Processing::Async {
            changes.enqueue_events(self.ports.clock.now());
        }

        let recorded = self.ports.store.commit(&changes).await;
        // Whether it went through or not: what it was is asked for afterwards.
        self.session.events = std::mem::take(&mut changes.events);
        let recorded = recorded?;
        self.record_not_found();
        self.record_writes();

        if !changes.outgoing.is_empty() || !changes.cancelled.is_empty() {
            self.record_sends(&changes);
            self.ports.wake_signal.notify();
        }

        let raised_at = self.session.event_entries.iter();
        Ok(recorded
            .into_iter()
            .zip(raised_at)
            .map(|(event, raised_at)| CommittedEvent {
                entry: self
                    .ports
                    .record(Some(*raised_at), || EntryKind::Appended(event.clone())),
                event: event.envelope,
            })
            .collect())
    }

    /// Records what was looked for in vain.
    pub(crate) fn record_not_found(&self) {
        if !self.ports.is_observed() {
            return;
        }

        for value in self
            .session
            .values
            .iter()
            .filter(|value| value.is_not_found())
        {
            self.ports
                .record(Some(value.entry), || EntryKind::NotFound {
                    table: value.table,
                    id: Arc::clone(&value.id),
                });
        }

        for stream in &self.session.streams {
            let Some(entry) = stream.not_found_by() else {
                continue;
            };

            let aggregate = self.ports.catalog.aggregate_name_in(stream.name.category());
            self.ports.record(Some(entry), || EntryKind::NotFound {
                table: Table::new(TableKind::Aggregate, aggregate),
                id: Arc::clone(stream.name.shared_id()),
            });
        }
    }

    /// Records what was written. It is moved into the record: the unit of work is over.
    fn record_writes(&mut self) {
        if !self.ports.is_observed() {
            return;
        }

        for value in self.session.values.drain(..) {
            let after = match value.change {
                PendingChange::Unchanged => continue,
                PendingChange::Put(after) => Some(after),
                PendingChange::Delete => None,
            };

            self.ports.record(Some(value.entry), || {
                EntryKind::StateChanged(Box::new(StateChange {
                    table: value.table,
                    id: value.id,
                    before: value.before,
                    after,
                }))
            });
        }
    }
}

use std::sync::Arc;

use crate::{
    error::Error,
    handler::{Ports, UnitOfWork, work::tracked_state::PendingChange},
    message::{
        Envelope, ExpectedVersion, MessageId, MessageKind, Payload, Processing, Recorded, Version,
    },
    port::{Changes, Outgoing, RowKeys},
    record::{EntryId, EntryKind, StateChange, Table, TableKind},
};

/// An event that was committed, and its entry in the record.
#[derive(Clone, Debug)]
pub(crate) struct CommittedEvent {
    pub(crate) event: Arc<Envelope>,
    pub(crate) entry: EntryId,
}

impl CommittedEvent {
    pub(crate) fn id(&self) -> MessageId {
        self.event.metadata.id
    }
}

impl UnitOfWork {
    /// Passes the pending writes to `write`, instead of committing them to the store.
    ///
    /// `write` gets `None` for a value that is to be deleted.
    pub(crate) fn take_writes(
        &mut self,
        mut write: impl FnMut(Table, Arc<str>, Option<(Payload, RowKeys)>),
    ) {
        for value in self.session.values.drain() {
            match value.change {
                PendingChange::Unchanged => {}
                PendingChange::Put(after, keys) => {
                    write(value.table, value.id, Some((after, keys)));
                }
                PendingChange::Delete => write(value.table, value.id, None),
            }
        }
    }

    /// Writes all changes or none, and returns the events that were appended, in order.
    pub(crate) async fn commit(&mut self) -> Result<Vec<CommittedEvent>, Error> {
        let mut changes = self.session.take_changes(self.context.handler);
        if changes.is_empty() && self.context.unmarked.is_none() {
            self.record_not_found();
            return Ok(Vec::new());
        }

        if self.context.processing == Processing::Async {
            changes.enqueue_events();
        }

        let ports = &self.ports;
        let (n_outgoing, n_cancelled) = (changes.outgoing.len(), changes.cancelled.len());
        if self.context.processing == Processing::Sync {
            ports.mark_inline(&mut changes);
        }
        changes.cancelled.extend(self.context.unmarked);

        changes.fence.clone_from(&self.context.fence);
        let result = match ports.hooks.commit(&*ports.store, &changes).await {
            Err(err) if err.is_unknown() => settle_unknown(ports, &changes, err).await,
            result => result,
        };
        // The events are put back also if the commit failed: the record of the rollback lists the
        // discarded events.
        self.session
            .events
            .extend(std::mem::take(&mut changes.events));
        let recorded = result?;

        // Marks are no messages.
        changes.outgoing.truncate(n_outgoing);
        changes.cancelled.truncate(n_cancelled);
        self.note_sent(&changes);
        self.record_not_found();
        self.record_writes();

        if !changes.outgoing.is_empty() || !changes.cancelled.is_empty() {
            self.record_sends(&changes);
            self.ports.wake_signal.notify();
        }

        Ok(recorded
            .into_iter()
            .zip(&self.session.event_entries)
            .map(|(event, raised_entry)| CommittedEvent {
                entry: self
                    .ports
                    .record(Some(*raised_entry), || EntryKind::Appended(event.clone())),
                event: event.envelope,
            })
            .collect())
    }

    /// Notes the ids of the committed events and commands, to explain a cascade that does not end.
    fn note_sent(&mut self, changes: &Changes) {
        let now = self.now();
        let session = &mut self.session;
        let commands = changes
            .outgoing
            .iter()
            .filter(|outgoing| outgoing.envelope.metadata.kind == MessageKind::Command);
        let is_due = |command: &&Outgoing| command.due.is_none_or(|due| due <= now);
        session.n_due_commands = commands.clone().filter(is_due).count();

        let commands = commands.map(|outgoing| &outgoing.envelope);
        let messages = session.events.iter().chain(commands);
        session
            .sent
            .extend(messages.map(|message| message.metadata.id));
    }

    /// Records the values and streams that were looked up and not found.
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
                .record(Some(value.start_entry), || EntryKind::NotFound {
                    table: value.table,
                    id: Arc::clone(&value.id),
                });
        }

        for stream in self.session.streams.iter() {
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

    /// Records the values that were written, after the commit.
    ///
    /// They are moved into the record, because the unit of work does not need them any more.
    fn record_writes(&mut self) {
        if !self.ports.is_observed() {
            return;
        }

        for value in self.session.values.drain() {
            let after = match value.change {
                PendingChange::Unchanged => continue,
                PendingChange::Put(after, _) => Some(after),
                PendingChange::Delete => None,
            };

            self.ports.record(Some(value.start_entry), || {
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

/// Looks whether a commit went through whose answer was lost. Returns `err` if it did not.
///
/// All of it was written or nothing, so its events tell. A commit without events is tried again.
async fn settle_unknown(
    ports: &Ports,
    changes: &Changes,
    err: Error,
) -> Result<Vec<Recorded>, Error> {
    let mut recorded = Vec::with_capacity(changes.events.len());
    for event in &changes.events {
        let stream = &event.metadata.stream;
        let expected = changes
            .expected
            .iter()
            .find(|expected| expected.stream == *stream);
        let after = match expected.map(|expected| expected.version) {
            Some(ExpectedVersion::Exact(version)) => version,
            Some(ExpectedVersion::Any) | None => Version::NONE,
        };

        let stored = ports.store.read_stream(stream, after, usize::MAX).await?;
        let found = stored
            .into_iter()
            .find(|stored| stored.metadata().id == event.metadata.id);
        match found {
            Some(found) => recorded.push(found),
            None => return Err(err),
        }
    }

    if recorded.is_empty() {
        return Err(err);
    }
    Ok(recorded)
}

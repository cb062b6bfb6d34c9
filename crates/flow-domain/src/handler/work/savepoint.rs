use std::{collections::BTreeMap, sync::Arc};

use crate::{
    handler::work::{
        session::Session,
        tracked_state::{PendingChange, TrackedStream, TrackedValue},
    },
    message::{MessageId, MessageLabels},
    port::{Outgoing, Write},
    record::{DiscardedEffect, EntryId},
};

/// A state of a session to which it can return.
///
/// It has only lengths. What a nested command adds stands at the end, and what it changes is in
/// [`Session::undo`]. So a nested command costs the same for every size of the session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SessionMark {
    n_values: usize,
    n_streams: usize,
    n_events: usize,
    has_sends: bool,
    n_outgoing: usize,
    n_cancelled: usize,
    n_undo: usize,
}

/// How to undo one change of something that is older than a savepoint.
#[derive(Debug)]
pub(super) enum Undo {
    Value {
        place: usize,
        change: PendingChange,
        start_entry: EntryId,
        always_write: bool,
        revision: u32,
    },
    Stream {
        place: usize,
        revision: u32,
        new_snapshot: Option<Write>,
    },
    /// A command that was submitted and cancelled.
    Cancelled { place: usize, outgoing: Outgoing },
}

impl Undo {
    pub(super) fn of_value(place: usize, value: &TrackedValue) -> Self {
        Self::Value {
            place,
            change: value.change.clone(),
            start_entry: value.start_entry,
            always_write: value.always_write,
            revision: value.revision,
        }
    }

    pub(super) fn of_stream(place: usize, stream: &TrackedStream) -> Self {
        Self::Stream {
            place,
            revision: stream.revision,
            new_snapshot: stream.new_snapshot.clone(),
        }
    }
}

impl Session {
    /// Begins a savepoint. It ends with [`Self::release`] or [`Self::roll_back_to`].
    pub(super) fn begin_savepoint(&mut self) -> SessionMark {
        self.n_savepoints += 1;
        let (n_outgoing, n_cancelled) = self.pending_sends.as_ref().map_or((0, 0), |sends| {
            (sends.outgoing.len(), sends.cancelled.len())
        });

        SessionMark {
            n_values: self.values.len(),
            n_streams: self.streams.len(),
            n_events: self.events.len(),
            has_sends: self.pending_sends.is_some(),
            n_outgoing,
            n_cancelled,
            n_undo: self.undo.len(),
        }
    }

    /// Ends a savepoint, and keeps the changes since then.
    pub(super) fn release(&mut self) {
        self.n_savepoints = self.n_savepoints.saturating_sub(1);
        // An outer savepoint undoes the changes of the inner ones, too.
        if self.n_savepoints == 0 {
            self.undo.clear();
        }
    }

    /// Returns to a savepoint, but keeps what was read since.
    ///
    /// A later decision of the outer handler may depend on these reads.
    pub(super) fn roll_back_to(&mut self, mark: SessionMark) {
        for undo in self.undo.split_off(mark.n_undo).into_iter().rev() {
            self.undo(undo);
        }
        self.release();

        self.events.split_off(mark.n_events);
        self.event_entries.truncate(mark.n_events);
        self.pending_sends = self.pending_sends.take().filter(|_| mark.has_sends);
        if let Some(sends) = &mut self.pending_sends {
            sends.outgoing.truncate(mark.n_outgoing);
            sends.cancelled.truncate(mark.n_cancelled);
        }

        let values = self.values.split_off(mark.n_values);
        let read = values.into_iter().filter(|value| value.was_read);
        self.values.extend(read.map(TrackedValue::without_changes));
        let streams = self.streams.split_off(mark.n_streams);
        let read = streams.into_iter().filter(|stream| stream.was_read);
        self.streams.extend(read.map(|stream| TrackedStream {
            revision: 0,
            new_snapshot: None,
            ..stream
        }));
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Value {
                place,
                change,
                start_entry,
                always_write,
                revision,
            } => {
                if let Some(value) = self.values.get_mut(place) {
                    value.change = change;
                    value.start_entry = start_entry;
                    value.always_write = always_write;
                    value.revision = revision;
                }
            }
            Undo::Stream {
                place,
                revision,
                new_snapshot,
            } => {
                if let Some(stream) = self.streams.get_mut(place) {
                    stream.revision = revision;
                    stream.new_snapshot = new_snapshot;
                }
            }
            Undo::Cancelled { place, outgoing } => {
                let sends = self.pending_sends_mut();
                sends.outgoing.insert(place, outgoing);
            }
        }
    }

    /// Cancels a command that was submitted here. Returns false if none has this id.
    pub(super) fn cancel_submitted(&mut self, command: MessageId) -> bool {
        let has_savepoint = 0 < self.n_savepoints;
        let sends = self.pending_sends_mut();
        let place = sends
            .outgoing
            .iter()
            .rposition(|outgoing| outgoing.envelope.metadata.id == command);
        let Some(place) = place else {
            return false;
        };

        let outgoing = sends.outgoing.remove(place);
        if has_savepoint {
            self.undo.push(Undo::Cancelled { place, outgoing });
        }
        true
    }

    /// Returns the effects since a savepoint, which a rollback discards.
    pub(super) fn discarded_since(
        &self,
        mark: SessionMark,
        labels: &MessageLabels,
    ) -> Vec<DiscardedEffect> {
        let events = self.events.as_slice()[mark.n_events..].iter();
        let events = events.map(|event| DiscardedEffect::Event {
            name: labels.label_of_envelope(event),
            stream: event.metadata.stream.clone(),
        });

        // The first change of a value since the savepoint has its change at the savepoint.
        let mut changes_before = BTreeMap::new();
        for undo in &self.undo[mark.n_undo..] {
            if let Undo::Value { place, change, .. } = undo
                && *place < mark.n_values
            {
                changes_before.entry(*place).or_insert(change);
            }
        }
        let values = self.values.as_slice();
        let old_values = changes_before
            .into_iter()
            .map(|(place, change)| (&values[place], change));
        let new_values = values[mark.n_values..].iter();
        let values = old_values
            .chain(new_values.map(|value| (value, &PendingChange::Unchanged)))
            .filter(|(value, change_before)| value.change != **change_before)
            .map(|(value, _)| DiscardedEffect::Value {
                table: value.table,
                id: Arc::clone(&value.id),
            });

        let mut n_old_commands = mark.n_outgoing;
        for undo in &self.undo[mark.n_undo..] {
            if matches!(undo, Undo::Cancelled { place, .. } if *place < n_old_commands) {
                n_old_commands -= 1;
            }
        }
        let commands = self
            .pending_sends
            .iter()
            .flat_map(|sends| &sends.outgoing)
            .skip(n_old_commands)
            .map(|outgoing| DiscardedEffect::Command(labels.label_of_envelope(&outgoing.envelope)));

        events.chain(values).chain(commands).collect()
    }
}

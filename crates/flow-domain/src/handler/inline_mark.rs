use std::sync::Arc;

use crate::{
    handler::Ports,
    message::{MessageKind, Processing},
    port::{Changes, OutboxRow, Outgoing},
};

impl Ports {
    /// Marks the events that are handled inline, so that they are found again if that is cut off.
    ///
    /// A mark is a row of the outbox that is due later. It is cancelled when the handlers have ended.
    pub(crate) fn mark_inline(&self, changes: &mut Changes) {
        let Some(time) = self.inline_time else {
            return;
        };

        let due = Some(self.clock.now() + time);
        let is_handled = |event: &_| self.catalog.routes_of(event).next().is_some();
        let handled = changes.events.iter().filter(|event| is_handled(event));
        changes.outgoing.extend(handled.map(|event| Outgoing {
            envelope: Arc::clone(event),
            due,
        }));
    }
}

/// Returns true if the row is the mark of an event that is handled inline. No broker gets it.
pub(crate) fn is_inline_mark(row: &OutboxRow) -> bool {
    let metadata = &row.envelope.metadata;
    metadata.kind == MessageKind::Event && metadata.processing == Processing::Sync
}

use std::sync::Arc;

use crate::{
    error::Error,
    handler::UnitOfWork,
    message::Recorded,
    record::{EntryId, Happening},
};

/// An event that was committed, and its entry in the record.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) event: Recorded,
    pub(crate) entry: EntryId,
}

impl UnitOfWork {
    /// Writes everything or nothing, and returns the events that were appended, in order.
    pub(crate) async fn commit(&mut self) -> Result<Vec<Committed>, Error> {
        let changes = self.session.changes(self.context.handler);
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let recorded = self.ports.store.commit(changes).await?;
        self.record_writes();
        let raised = self.session.events.iter();
        Ok(recorded
            .into_iter()
            .zip(raised)
            .map(|(event, raised)| Committed {
                entry: self
                    .ports
                    .record(Some(raised.entry), || Happening::Appended(event.clone())),
                event,
            })
            .collect())
    }

    fn record_writes(&self) {
        if self.ports.recorder.is_none() {
            return;
        }
        for value in &self.session.values {
            let (table, id) = (value.table, Arc::clone(&value.id));
            let what = match (&value.before, &value.after) {
                (_, None) | (None, Some(None)) => continue,
                (before, Some(Some(after))) => Happening::Written {
                    table,
                    id,
                    before: before.clone(),
                    after: after.clone(),
                },
                (Some(before), Some(None)) => Happening::Deleted {
                    table,
                    id,
                    before: before.clone(),
                },
            };
            self.ports.record(Some(value.entry), || what);
        }
    }
}

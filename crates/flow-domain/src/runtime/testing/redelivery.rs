use std::sync::Arc;

use crate::{
    handler::{CommittedEvent, Session},
    message::Recorded,
    record::EntryId,
    runtime::{App, ProcessResult, cascade::Cascade},
};

impl App {
    /// Delivers events inline again.
    ///
    /// `nth` is the number of the redelivery, from 1.
    pub async fn redeliver(&self, events: &[(Recorded, EntryId)], nth: u32) -> ProcessResult {
        let committed = events
            .iter()
            .map(|(event, entry)| CommittedEvent {
                event: Arc::clone(&event.envelope),
                entry: *entry,
            })
            .collect();
        let session = Session::default();
        let mut cascade = Cascade::new(Arc::clone(&self.ports), self.budget, session);

        let mut result = ProcessResult::empty();
        result.stall = cascade.redeliver(committed, nth).await;
        result.failures = cascade.into_failures();

        result
    }
}

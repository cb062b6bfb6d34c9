use std::sync::Arc;

use crate::{
    handler::{CommittedEvent, Session},
    message::Recorded,
    record::EntryId,
    runtime::{App, ProcessResult, cascade::Cascade, delivery_log::DeliveryLog},
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
        let mut result = ProcessResult::empty();
        let (ports, log) = (Arc::clone(&self.ports), DeliveryLog::default());
        let mut cascade = Cascade::new(ports, self.budget, log, Session::default());

        result.stall = cascade.redeliver(committed, nth).await;
        (result.failures, result.log) = cascade.into_parts();

        result
    }
}

use std::{sync::Arc, time::Duration};

use crate::{
    error::Error,
    handler::{CommittedEvent, Reply, Session},
    port::{OutboxRow, SendResult},
    runtime::{App, ProcessResult},
};

/// The delay before an event is tried again that only a newer program can read.
const NEWER_RETRY: Duration = Duration::from_secs(30);

impl App {
    /// Handles an event whose inline handling was cut off, and everything that it causes.
    ///
    /// `worker` has claimed its mark. The mark is settled at the end, so the event is found again if
    /// this is cut off, too.
    pub(crate) async fn handle_cut_off(
        &self,
        worker: &str,
        mark: &OutboxRow,
    ) -> Result<ProcessResult, Error> {
        let mut act = ProcessResult::new(Ok(Reply::new(())));
        self.handle_cut_off_in(worker, mark, &mut act).await?;

        Ok(act)
    }

    /// Does the same as a part of the act with this result.
    pub(super) async fn handle_cut_off_in(
        &self,
        worker: &str,
        mark: &OutboxRow,
        act: &mut ProcessResult,
    ) -> Result<(), Error> {
        let (ports, id) = (&self.ports, mark.envelope.metadata.id);
        let event = ports.catalog.upcasts.to_current(Arc::clone(&mark.envelope));
        if let Err(err) = ports.catalog.require_readable(&event) {
            tracing::error!(messaging.message.id = %id, error = %err.with_causes(), "inline handling waits");
            let failed = SendResult::Failed {
                error: err.with_causes().to_string().into(),
                retry_at: ports.clock.now() + NEWER_RETRY,
            };
            return self.settle_row(worker, mark, failed).await;
        }

        tracing::warn!(messaging.message.id = %id, "inline handling was cut off, and is repeated");
        let entry = ports.entry_of(id);
        let committed = vec![CommittedEvent { event, entry }];
        self.deliver_inline(committed, Session::default(), act)
            .await;

        self.settle_row(worker, mark, SendResult::Published).await
    }
}

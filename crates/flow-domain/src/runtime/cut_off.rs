use std::{sync::Arc, time::Duration};

use crate::{
    error::Error,
    handler::{CommittedEvent, Reply, Session},
    message::{ExpectedVersion, MessageId, Payload},
    model::Id as _,
    port::{Changes, OutboxRow, RowKeys, SendResult, Write},
    record::{Table, TableKind},
    runtime::{App, ProcessResult},
};

/// How often an event is handled again whose handling was cut off. It may kill its process each time.
const MAX_RECOVERIES: u32 = 5;

/// How often each event was handled again. Its rows are forgotten after a time.
const RECOVERIES: Table = Table::new(TableKind::Inbox, "cut-off events");

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

        if !self.begin_recovery(id).await? {
            let error = format!(
                "its inline handling was cut off {} times",
                MAX_RECOVERIES + 1
            );
            tracing::error!(messaging.message.id = %id, error, "a cut-off event is abandoned");
            let error = error.into();
            return self
                .settle_row(worker, mark, SendResult::Abandoned { error })
                .await;
        }

        tracing::warn!(messaging.message.id = %id, "inline handling was cut off, and is repeated");
        let entry = ports.entry_of(id);
        let committed = vec![CommittedEvent { event, entry }];
        self.deliver_inline(committed, Session::default(), act)
            .await;

        self.settle_row(worker, mark, SendResult::Published).await
    }

    /// Counts a recovery before it begins, because it may kill the process. Returns false after the last.
    async fn begin_recovery(&self, event: MessageId) -> Result<bool, Error> {
        let (store, id) = (&self.ports.store, event.key());
        let n_begun: u32 = match store.load(RECOVERIES, &id).await? {
            Some(stored) => stored.value.decode("Recoveries")?,
            None => 0,
        };
        let is_last = MAX_RECOVERIES <= n_begun;

        let mut changes = Changes::new("the inline delivery");
        changes.writes.push(Write {
            table: RECOVERIES,
            id: Arc::from(&*id),
            // The claim of the mark excludes all other writers.
            expected: ExpectedVersion::Any,
            // An abandoned mark that somebody opens again begins from the start.
            value: (!is_last).then(|| Payload::from_json((n_begun + 1).to_string())),
            keys: RowKeys::default(),
        });
        store.commit(&changes).await?;

        Ok(!is_last)
    }
}

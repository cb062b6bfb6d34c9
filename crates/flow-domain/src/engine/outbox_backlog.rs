use crate::{
    error::Error,
    handler::{Ports, is_inline_mark},
    port::{OutboxRow, OutboxState},
};

/// The unsent messages of the outbox.
#[derive(Debug, Default)]
pub(super) struct OutboxBacklog {
    /// Messages that are due, or that a relay has claimed or failed to send.
    pub(super) waiting: Vec<OutboxRow>,
    /// Messages that are not due yet, in the order of their due time.
    pub(super) scheduled: Vec<OutboxRow>,
    /// The marks of events that are handled inline now.
    pub(super) inline: Vec<OutboxRow>,
    /// The marks of events whose inline handling was cut off.
    pub(super) cut_off: Vec<OutboxRow>,
}

impl OutboxBacklog {
    pub(super) async fn load(ports: &Ports) -> Result<Self, Error> {
        let now = ports.clock.now();
        let unsent = [
            OutboxState::Pending,
            OutboxState::Processing,
            OutboxState::Failed,
        ];

        let mut rows = ports.store.rows(&unsent, usize::MAX).await?;
        let marks: Vec<OutboxRow> = rows.extract_if(.., |row| is_inline_mark(row)).collect();
        let is_scheduled = |row: &OutboxRow| {
            row.state == OutboxState::Pending && row.due.is_some_and(|due| now < due)
        };
        let (mut scheduled, waiting): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_scheduled);
        scheduled.sort_by_key(|row| row.due);
        let (inline, cut_off) = marks.into_iter().partition(is_scheduled);

        Ok(Self {
            waiting,
            scheduled,
            inline,
            cut_off,
        })
    }
}

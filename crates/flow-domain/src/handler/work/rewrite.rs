use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{UnitOfWork, work::session::PendingChange},
    message::{Payload, StreamName},
    model::SerializedMessage,
    record::Table,
};

/// Changes what one handling brings about, behind the back of its handler.
pub(crate) trait Rewrite: fmt::Debug + Send + Sync {
    /// Changes a message that it raises, issues or sends.
    fn rewrite_message(&self, message: &mut SerializedMessage, stream: &mut StreamName);

    /// Returns what is written instead of this value, and under which id.
    fn rewrite_value(&self, table: Table, id: &str, value: &Payload)
    -> Option<(Arc<str>, Payload)>;
}

impl UnitOfWork {
    /// From here on the messages of this handling are changed, or are not any more. Those of commands
    /// that it processes are not its own.
    pub(crate) fn set_message_rewrite(&mut self, rewrite: Option<Arc<dyn Rewrite>>) {
        self.context.rewrite = rewrite;
    }

    /// Changes what this handling has written so far.
    pub(crate) async fn rewrite_values(&mut self, rewrite: &dyn Rewrite) -> Result<(), Error> {
        let entry = self.context.entry;
        let mut rewritten = Vec::new();

        for value in &mut self.session.values {
            if let PendingChange::Put(now) = &value.change
                && value.entry == entry
                && let Some((id, other)) = rewrite.rewrite_value(value.table, &value.id, now)
            {
                if id != value.id {
                    value.change = PendingChange::Unchanged;
                }
                rewritten.push((value.table, id, other));
            }
        }

        for (table, id, value) in rewritten {
            self.ensure_loaded(table, &id).await?;
            self.session
                .set_change((table, &id), PendingChange::Put(value), true, entry);
        }

        Ok(())
    }
}

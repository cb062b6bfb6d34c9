use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{UnitOfWork, work::session::Change},
    message::{Payload, StreamName},
    model::Written,
    record::Table,
};

/// Changes what one handling brings about, behind the back of its handler.
pub(crate) trait Rewrite: fmt::Debug + Send + Sync {
    /// Changes a message that it raises, issues or sends.
    fn message(&self, message: &mut Written, stream: &mut StreamName);

    /// Returns what is written instead of this value, and under which id.
    fn value(&self, table: Table, id: &str, value: &Payload) -> Option<(Arc<str>, Payload)>;
}

impl UnitOfWork {
    /// From here on the messages of this handling are changed, or are not any more. Those of commands
    /// that it processes are not its own.
    pub(crate) fn rewrite_messages(&mut self, rewrite: Option<Arc<dyn Rewrite>>) {
        self.context.rewrite = rewrite;
    }

    /// Changes what this handling has written so far.
    pub(crate) async fn rewrite_written(&mut self, rewrite: &dyn Rewrite) -> Result<(), Error> {
        let entry = self.context.entry;
        let mut rewritten = Vec::new();
        for value in &mut self.session.values {
            if let Change::Put(now) = &value.change
                && value.entry == entry
                && let Some((id, other)) = rewrite.value(value.table, &value.id, now)
            {
                if id != value.id {
                    value.change = Change::Nothing;
                }
                rewritten.push((value.table, id, other));
            }
        }
        for (table, id, value) in rewritten {
            self.touch(table, &id).await?;
            self.session
                .set((table, &id), Change::Put(value), true, entry);
        }
        Ok(())
    }
}

use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{UnitOfWork, work::tracked_state::PendingChange},
    message::{Payload, StreamName},
    model::SerializedMessage,
    record::Table,
};

/// Changes the effects of one handling without its handler, to seed mistakes for mutation tests.
pub(crate) trait Rewrite: fmt::Debug + Send + Sync {
    /// Changes a message that the handling raises, issues or sends.
    fn rewrite_message(&self, message: &mut SerializedMessage, stream: &mut StreamName);

    /// Returns the id and the value to write instead of these; `None` keeps them.
    fn rewrite_value(&self, table: Table, id: &str, value: &Payload)
    -> Option<(Arc<str>, Payload)>;
}

/// The rewrite of the messages of one handling, if there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageRewrite(Option<Arc<dyn Rewrite>>);

impl MessageRewrite {
    /// Changes a message and its stream, if there is a rewrite.
    pub(in crate::handler::work) fn apply(
        &self,
        message: &mut SerializedMessage,
        stream: &mut StreamName,
    ) {
        if let Some(rewrite) = &self.0 {
            rewrite.rewrite_message(message, stream);
        }
    }
}

impl UnitOfWork {
    /// Sets the rewrite of the messages of this handling from here on; `None` leaves them
    /// unchanged.
    ///
    /// The rewrite does not apply to the messages of commands that this handling processes.
    pub(crate) fn set_message_rewrite(&mut self, rewrite: Option<Arc<dyn Rewrite>>) {
        self.context.rewrite = MessageRewrite(rewrite);
    }

    /// Changes the values that this handling has written so far.
    pub(crate) async fn rewrite_values(&mut self, rewrite: &dyn Rewrite) -> Result<(), Error> {
        let start_entry = self.context.start_entry;

        let mut rewritten = Vec::new();
        for value in self.session.values.iter_mut() {
            if let PendingChange::Put(written, keys) = &value.change
                && value.start_entry == start_entry
                && let Some((id, new_value)) =
                    rewrite.rewrite_value(value.table, &value.id, written)
            {
                let keys = keys.clone();
                // The value moves to another id, so nothing is written under this one.
                if id != value.id {
                    value.change = PendingChange::Unchanged;
                }
                rewritten.push((value.table, id, PendingChange::Put(new_value, keys)));
            }
        }

        for (table, id, change) in rewritten {
            self.ensure_loaded(table, &id).await?;
            self.session
                .set_change((table, &id), change, true, start_entry);
        }

        Ok(())
    }
}

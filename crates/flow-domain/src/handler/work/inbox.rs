use std::sync::Arc;

use crate::{
    error::Error,
    handler::UnitOfWork,
    message::{MessageId, Payload},
    model::Id,
    port::RowKeys,
    record::{Table, TableKind},
};

impl UnitOfWork {
    /// Returns true if the inbox says that this handler has handled this message before.
    pub(crate) async fn was_handled_before(&mut self) -> Result<bool, Error> {
        let (table, id) = self.inbox_key();
        self.ensure_loaded(table, &id).await?;

        let value = self.session.value(table, &id);
        Ok(value.is_some_and(|value| value.current().is_some()))
    }

    /// Writes the message to the inbox, as part of this unit of work.
    ///
    /// The commit is refused if another delivery of the message was handled in the meantime.
    pub(crate) fn remember_as_handled(&mut self) -> Result<(), Error> {
        let (table, id) = self.inbox_key();
        let time = Payload::encode(table.name, &self.now())?;
        self.write_state((table, &id), time, RowKeys::default(), true);

        Ok(())
    }

    fn inbox_key(&self) -> (Table, Arc<str>) {
        inbox_key(self.context.handler, self.context.message.metadata.id)
    }
}

/// Returns the inbox of a handler, and the id of a message in it.
pub(crate) fn inbox_key(handler: &'static str, message: MessageId) -> (Table, Arc<str>) {
    let table = Table::new(TableKind::Inbox, handler);
    (table, Arc::from(&*message.key()))
}

use std::sync::Arc;

use crate::{
    error::Error,
    handler::UnitOfWork,
    message::Payload,
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

    /// Returns the inbox of the handler, and the id of the message in it.
    fn inbox_key(&self) -> (Table, Arc<str>) {
        let table = Table::new(TableKind::Inbox, self.context.handler);
        let id = self.context.message.metadata.id.key();
        (table, Arc::from(&*id))
    }
}

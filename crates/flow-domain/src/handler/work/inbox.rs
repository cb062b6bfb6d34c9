use std::sync::Arc;

use crate::{
    error::Error,
    handler::UnitOfWork,
    message::shared_text,
    record::{Table, TableKind},
};

impl UnitOfWork {
    /// Returns true if this handler has handled this message before and remembers it.
    pub(crate) async fn was_handled_before(&mut self) -> Result<bool, Error> {
        let (table, id) = self.inbox_key();
        self.ensure_loaded(table, &id).await?;
        let value = self.session.value(table, &id);
        Ok(value.is_some_and(|value| value.current().is_some()))
    }

    /// Remembers, with everything else that is committed, that the message was handled. If somebody
    /// else did so in between, the commit is refused.
    pub(crate) fn remember_as_handled(&mut self) -> Result<(), Error> {
        let (table, id) = self.inbox_key();
        let time = self.now();
        self.write_state(table, &id, &time, true)
    }

    fn inbox_key(&self) -> (Table, Arc<str>) {
        let table = Table::new(TableKind::Inbox, self.context.handler);
        (table, shared_text(self.context.message.metadata.id))
    }
}

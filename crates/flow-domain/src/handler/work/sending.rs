use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::{UnitOfWork, work::nested::command_stream},
    message::{MessageId, MessageKind, Processing},
    model::Command,
    port::{Changes, Outgoing},
    record::EntryKind,
};

impl UnitOfWork {
    /// Submits a command, for an engine to process later in a unit of work of its own.
    ///
    /// The command is sent only if this unit of work is committed. Returns the id that
    /// [`cancel`](Self::cancel) takes.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_handler`] is true if the command has no handler.
    /// Returns one for which [`Error::is_codec`] is true if the command has no JSON form.
    pub fn submit<C: Command>(&mut self, command: C) -> Result<MessageId, Error> {
        self.send(&command, None)
    }

    /// Submits a command to be processed at `time`, or at once if that is past.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub fn process_at<C: Command>(
        &mut self,
        time: Timestamp,
        command: C,
    ) -> Result<MessageId, Error> {
        self.send(&command, Some(time))
    }

    /// Submits a command to be processed after `delay`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub fn process_after<C: Command>(
        &mut self,
        delay: Duration,
        command: C,
    ) -> Result<MessageId, Error> {
        let time = self.now() + delay;
        self.send(&command, Some(time))
    }

    /// Cancels a command that was submitted or scheduled, in this unit of work or in another.
    ///
    /// Nothing happens if the command was sent already. Then it may still arrive, so its handler
    /// must be able to reject it.
    pub fn cancel(&mut self, command: MessageId) {
        self.ports.hooks.count_cancel(self.context.handler);
        // If the command was not submitted in this unit of work, the store has to cancel it.
        if !self.session.cancel_submitted(command) {
            self.session.pending_sends_mut().cancelled.push(command);
        }
    }

    /// Enqueues a command for the outbox, to be processed at the time `due`; `None` means at once.
    fn send<C: Command>(
        &mut self,
        message: &C,
        due: Option<Timestamp>,
    ) -> Result<MessageId, Error> {
        let result = self.try_send(message, due);
        self.note_own_error(result)
    }

    fn try_send<C: Command>(
        &mut self,
        message: &C,
        due: Option<Timestamp>,
    ) -> Result<MessageId, Error> {
        self.ports.hooks.count_send(self.context.handler)?;
        let mut command = self.ports.serialize(message)?;
        self.check_message_round_trip(message, &mut command);

        let id = MessageId::new(self.new_id());
        let stream = command_stream(&command, || id)?;
        let catalog = &self.ports.catalog;
        let no_handler_error = catalog
            .command_route(command.name, command.category)
            .is_none()
            .then(|| catalog.no_handler_error(command.name, command.category));
        let envelope = self.wrap(id, command, stream, MessageKind::Command, Processing::Async);

        if let Some(err) = no_handler_error {
            self.ports
                .record_unhandled(Some(self.context.start_entry), envelope);
            return Err(err);
        }

        self.session
            .pending_sends_mut()
            .outgoing
            .push(Outgoing { envelope, due });
        Ok(id)
    }

    /// Records the commands that were sent or cancelled; called after the commit.
    pub(super) fn record_sends(&self, changes: &Changes) {
        let cause = Some(self.context.start_entry);
        for id in &changes.cancelled {
            self.ports.record(cause, || EntryKind::Cancelled(*id));
        }

        let now = self.now();
        for Outgoing { envelope, due } in &changes.outgoing {
            if envelope.metadata.kind == MessageKind::Event {
                continue;
            }

            let (command, due) = (Arc::clone(envelope), *due);
            self.ports
                .record(cause, || match due.filter(|due| now < *due) {
                    None => EntryKind::CommandReceived(command),
                    Some(due) => EntryKind::Scheduled { command, due },
                });
        }
    }
}

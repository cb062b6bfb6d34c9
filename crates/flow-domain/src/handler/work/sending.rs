use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::{UnitOfWork, work::nested::command_stream},
    message::{MessageId, MessageKind, Processing},
    model::{Command, SerializedMessage},
    port::{Changes, Outgoing},
    record::EntryKind,
};

impl UnitOfWork {
    /// Hands a further command over to be processed later, by an engine, in a unit of work of its own.
    ///
    /// It is sent if this unit of work is committed, and not otherwise. Returns the id that
    /// [`cancel`](Self::cancel) takes.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_handler`] is true if nobody handles it, or one for
    /// which [`Error::is_codec`] is true if it has no JSON form.
    pub fn submit<C: Command>(&mut self, command: C) -> Result<MessageId, Error> {
        let now = self.now();
        self.send(&command, now)
    }

    /// Hands a further command over to be processed at `time`, or at once if that is past.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    pub fn schedule<C: Command>(
        &mut self,
        command: C,
        time: Timestamp,
    ) -> Result<MessageId, Error> {
        self.send(&command, time)
    }

    /// Hands a further command over to be processed after `delay`.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    pub fn process_after<C: Command>(
        &mut self,
        delay: Duration,
        command: C,
    ) -> Result<MessageId, Error> {
        let time = self.now() + delay;
        self.send(&command, time)
    }

    /// Takes a command back that was submitted or scheduled, here or elsewhere.
    ///
    /// Nothing happens if it was sent already: it may arrive, and its handler must be able to refuse.
    pub fn cancel(&mut self, command: MessageId) {
        let sends = self.session.pending_sends_mut();
        let n_before = sends.outgoing.len();

        sends
            .outgoing
            .retain(|one| one.envelope.metadata.id != command);

        if sends.outgoing.len() == n_before {
            sends.cancelled.push(command);
        }
    }

    fn send<C: Command>(&mut self, message: &C, due: Timestamp) -> Result<MessageId, Error> {
        let mut command = SerializedMessage::new(message)?;
        self.check_message_round_trip(message, &mut command);
        let id = MessageId::new(self.new_id());
        let stream = command_stream(&command, || id)?;
        let catalog = &self.ports.catalog;
        let route = catalog.command_route(command.name, command.category);
        let nobody = route
            .is_none()
            .then(|| catalog.no_handler_error(command.name, command.category));
        let envelope = self.wrap(id, command, stream, MessageKind::Command, Processing::Async);

        if let Some(err) = nobody {
            self.ports
                .record_unhandled(Some(self.context.entry), envelope);
            return Err(err);
        }

        self.session
            .pending_sends_mut()
            .outgoing
            .push(Outgoing { envelope, due });
        Ok(id)
    }

    /// Records what was sent and what was taken back, once it is committed.
    pub(super) fn record_sends(&self, changes: &Changes) {
        let entry = Some(self.context.entry);
        for id in &changes.cancelled {
            self.ports.record(entry, || EntryKind::Cancelled(*id));
        }

        let now = self.now();
        for Outgoing { envelope, due } in &changes.outgoing {
            if envelope.metadata.kind == MessageKind::Event {
                continue;
            }

            let (command, due) = (Arc::clone(envelope), *due);
            self.ports.record(entry, || {
                if due <= now {
                    EntryKind::CommandReceived(command)
                } else {
                    EntryKind::Scheduled { command, due }
                }
            });
        }
    }
}

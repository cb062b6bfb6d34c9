use std::sync::Arc;

use crate::{
    error::Error,
    handler::{
        CommandRoute, Ports, UnitOfWork, catch_panic, handling_span,
        work::{context::HandlingContext, savepoint::SessionMark},
    },
    message::{Envelope, MessageId, MessageKind, Processing, StreamName},
    model::{Command, SerializedMessage},
    record::{
        DiscardedEffect, EntryId, EntryKind, FailureKind, HandlerKind, HandlerOutcome, RolledBack,
    },
};

/// The number of commands that may be nested in each other. More would exceed the stack of a thread.
const MAX_NESTED: usize = 100;

impl UnitOfWork {
    /// Processes a command as part of this unit of work, and returns the reply of its handler.
    ///
    /// The changes of its handler are committed together with all others, or not at all. If the handler
    /// rejects the command or fails, its changes are discarded and the error is returned. The calling
    /// handler may then go on, and keeps its own changes. The handlers of the command's events run after
    /// the commit.
    ///
    /// # Errors
    ///
    /// Returns the rejection or failure of the command's handler. Returns an error for which
    /// [`Error::is_no_handler`] is true if the command has no handler, and one for which
    /// [`Error::is_setup`] is true if 100 commands are nested in each other.
    pub async fn process<C: Command>(&mut self, command: C) -> Result<C::Reply, Error> {
        self.ports.hooks.count_send(self.context.handler)?;
        let ports = Arc::clone(&self.ports);
        let (envelope, route) = match self.route_nested(&ports, &command) {
            Ok(routed) => routed,
            Err(err) => {
                self.note_nested_failure(None, || C::NAME.to_owned(), &err);
                return Err(err);
            }
        };
        let (handler, kind) = (route.handler, HandlerKind::CommandHandler);
        let received = ports.record(Some(self.context.start_entry), || {
            EntryKind::CommandReceived(Arc::clone(&envelope))
        });
        let start_entry = ports.record(Some(received), || EntryKind::HandlerStarted {
            handler,
            kind,
            attempt: 1,
        });

        let span = handling_span(&envelope, handler, kind);
        let context = HandlingContext {
            n_commits: self.context.n_commits,
            processing: self.context.processing,
            n_outer: self.context.n_outer + 1,
            ..HandlingContext::new(Arc::clone(&envelope), handler, start_entry)
        };
        let mut savepoint = Savepoint::begin(self, context);

        let mut future = route.call.call(&route.instance, &envelope, savepoint.work);
        let result = catch_panic(&span, (handler, start_entry), future.as_mut()).await;
        drop(future);

        match result {
            Ok(reply) => {
                savepoint.release();
                ports.record(Some(start_entry), || {
                    EntryKind::HandlerEnded(HandlerOutcome::Handled)
                });
                reply.downcast()
            }
            Err(err) => {
                if !err.is_rejection() {
                    savepoint.work.forget_ignored_failures();
                }
                let discarded = savepoint.roll_back();
                let work = &mut *savepoint.work;
                work.record_failure((handler, start_entry), &err, discarded);
                let command = || ports.catalog.labels.label_of_envelope(&envelope);
                work.note_nested_failure(Some(handler), command, &err);
                Err(err)
            }
        }
    }

    /// Wraps a nested command in its envelope, and finds its route.
    fn route_nested<'p, C: Command>(
        &mut self,
        ports: &'p Ports,
        command: &C,
    ) -> Result<(Arc<Envelope>, &'p CommandRoute), Error> {
        let mut serialized = ports.serialize(command)?;
        self.check_message_round_trip(command, &mut serialized);

        self.route_serialized(ports, serialized)
    }

    fn route_serialized<'p>(
        &mut self,
        ports: &'p Ports,
        command: SerializedMessage,
    ) -> Result<(Arc<Envelope>, &'p CommandRoute), Error> {
        let id = MessageId::new(self.new_id());
        let stream = command_stream(&command, || id)?;
        let (name, category) = (command.name, command.category);
        let envelope = self.wrap(id, command, stream, MessageKind::Command, Processing::Sync);

        let Some(route) = ports.catalog.command_route(name, category) else {
            ports.record_unhandled(Some(self.context.start_entry), envelope);
            return Err(ports.catalog.no_handler_error(name, category));
        };
        if self.context.n_outer == MAX_NESTED {
            let command = ports.catalog.labels.label_of_envelope(&envelope);
            return Err(Error::setup(format!(
                "{} processes {command} inside {MAX_NESTED} other commands, so it probably \
                 never ends: end the cycle, or use `submit`, which counts against the budget",
                route.handler
            )));
        }

        Ok((envelope, route))
    }
}

impl UnitOfWork {
    /// Returns from a nested command to the context of the handler that processes it.
    fn return_to(&mut self, outer: HandlingContext) {
        let nested = std::mem::replace(&mut self.context, outer);
        self.context
            .ignored_failures
            .append(nested.ignored_failures);
    }
}

/// The state of a unit of work before a nested command, to roll back to.
///
/// A savepoint that was not released rolls back when it is dropped. This happens if the handler
/// drops the future of the command, for example after a timeout. Without the rollback, the handler
/// would go on in the context of the command.
struct Savepoint<'a> {
    work: &'a mut UnitOfWork,
    /// The entry of the record at which the handler of the command started.
    start_entry: EntryId,
    /// The context to restore, and the state of the session; `None` after a release or rollback.
    saved: Option<(HandlingContext, SessionMark)>,
}

impl<'a> Savepoint<'a> {
    /// Saves the state of `work`, and continues it in the context of the command.
    fn begin(work: &'a mut UnitOfWork, context: HandlingContext) -> Self {
        let start_entry = context.start_entry;
        let mark = work.session.begin_savepoint();
        let outer = std::mem::replace(&mut work.context, context);

        Self {
            work,
            start_entry,
            saved: Some((outer, mark)),
        }
    }

    /// Keeps the changes of the command, and returns to the outer context.
    fn release(mut self) {
        if let Some((outer, _)) = self.saved.take() {
            self.work.session.release();
            self.work.return_to(outer);
        }
    }

    /// Discards the changes of the command and returns them. The entry of the rollback lists them.
    fn roll_back(&mut self) -> Vec<DiscardedEffect> {
        let Some((outer, mark)) = self.saved.take() else {
            return Vec::new();
        };

        let discarded = self
            .work
            .session
            .discarded_since(mark, &self.work.ports.catalog.labels);
        self.work.return_to(outer);
        self.work.session.roll_back_to(mark);

        discarded
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.saved.is_none() {
            return;
        }

        let (handler, command) = {
            let context = &self.work.context;
            (context.handler, Arc::clone(&context.message))
        };
        let discarded = self.roll_back();
        let err = Error::timed_out("the call was dropped before the handler finished".to_owned());
        let ports = Arc::clone(&self.work.ports);
        let label = || ports.catalog.labels.label_of_envelope(&command);
        self.work.note_nested_failure(Some(handler), label, &err);
        ports.record(Some(self.start_entry), || {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(Box::new(RolledBack {
                reason: err.to_string(),
                kind: FailureKind::Other,
                discarded,
            })))
        });
    }
}

/// Returns the stream of the aggregate that a command is for.
///
/// A command that declares no id gets a stream of its own, named with its message id.
pub(crate) fn command_stream(
    command: &SerializedMessage,
    message_id: impl FnOnce() -> MessageId,
) -> Result<StreamName, Error> {
    if command.id.is_empty() && command.id_field.is_none() {
        return StreamName::new(command.category, message_id().to_string())
            .map_err(|err| Error::setup(err.to_string()));
    }

    command.stream()
}

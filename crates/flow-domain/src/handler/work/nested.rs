use std::sync::Arc;

use crate::{
    error::Error,
    handler::{
        UnitOfWork, catch_panic, handling_span,
        work::{context::HandlingContext, session::Session},
    },
    message::{MessageId, MessageKind, Processing, StreamName},
    model::{Command, SerializedMessage},
    record::{
        DiscardedEffect, EntryId, EntryKind, FailureKind, HandlerKind, HandlerOutcome, RolledBack,
    },
};

impl UnitOfWork {
    /// Processes a further command as part of this unit of work, and returns what its handler
    /// answered.
    ///
    /// What its handler writes is committed with everything else, or not at all. If it refuses or
    /// fails, what it wrote is thrown away and the error is returned; a handler that goes on after
    /// that keeps what it wrote itself. What the command's events cause happens after the commit.
    ///
    /// # Errors
    ///
    /// Returns the rejection or failure of the command's handler, or an error for which
    /// [`Error::is_no_handler`] is true if there is none.
    pub async fn process<C: Command>(&mut self, command: C) -> Result<C::Reply, Error> {
        let message = command;
        let mut command = SerializedMessage::new(&message)?;

        self.check_message_round_trip(&message, &mut command);
        let ports = Arc::clone(&self.ports);
        let id = MessageId::new(self.new_id());
        let stream = command_stream(&command, || id)?;
        let processing = Processing::Sync;
        let route = ports.catalog.command_route(command.name, command.category);
        let route = route.ok_or_else(|| {
            ports
                .catalog
                .no_handler_error(command.name, command.category)
        });
        let envelope = self.wrap(id, command, stream, MessageKind::Command, processing);
        let cause = Some(self.context.entry);
        let route = match route {
            Ok(route) => route,
            Err(err) => {
                ports.record_unhandled(cause, envelope);
                return Err(err);
            }
        };
        let received = ports.record(cause, || EntryKind::CommandReceived(Arc::clone(&envelope)));
        let started = ports.record(Some(received), || EntryKind::HandlerStarted {
            handler: route.handler,
            kind: HandlerKind::CommandHandler,
            attempt: 1,
        });
        let span = handling_span(&envelope, route.handler, HandlerKind::CommandHandler);
        let context = HandlingContext {
            n_commits: self.context.n_commits,
            processing: self.context.processing,
            ..HandlingContext::new(Arc::clone(&envelope), route.handler, started)
        };
        let mut nested = Savepoint::begin(self, context);
        let mut called = route.call.call(&route.instance, &envelope, nested.work);
        let handled = catch_panic(&span, (route.handler, started), called.as_mut()).await;

        drop(called);
        match handled {
            Ok(reply) => {
                nested.release();
                ports.record(Some(started), || {
                    EntryKind::HandlerEnded(HandlerOutcome::Handled)
                });
                reply.downcast()
            }
            Err(err) => {
                let lost = nested.roll_back();
                nested
                    .work
                    .record_failure((route.handler, started), &err, lost);
                Err(err)
            }
        }
    }
}

/// A command that is being processed within a unit of work.
///
/// If it is dropped halfway, by a timeout of the handler for example, it is rolled back: the handler
/// that goes on must not do so in the name of the command.
struct Savepoint<'a> {
    work: &'a mut UnitOfWork,
    started: EntryId,
    /// What to go back to; `None` once it is over.
    saved: Option<(HandlingContext, Session)>,
}

impl<'a> Savepoint<'a> {
    fn begin(work: &'a mut UnitOfWork, context: HandlingContext) -> Self {
        let started = context.entry;
        let session = work.session.clone();
        let outer = std::mem::replace(&mut work.context, context);

        Self {
            work,
            started,
            saved: Some((outer, session)),
        }
    }

    fn release(mut self) {
        if let Some((outer, _)) = self.saved.take() {
            self.work.context = outer;
        }
    }

    /// Throws away what the command wrote, and tells what that was.
    fn roll_back(&mut self) -> Vec<DiscardedEffect> {
        let Some((outer, session)) = self.saved.take() else {
            return Vec::new();
        };
        let lost = self.work.session.discarded_since(&session);
        self.work.context = outer;
        self.work.session.roll_back_to(session);
        lost
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.saved.is_none() {
            return;
        }

        let lost = self.roll_back();
        self.work.ports.record(Some(self.started), || {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(Box::new(RolledBack {
                reason: "dropped before it was done".to_owned(),
                kind: FailureKind::Other,
                discarded: lost,
            })))
        });
    }
}

/// The stream of the aggregate that a command is for, or one of its own if it names none.
pub(crate) fn command_stream(
    command: &SerializedMessage,
    own_id: impl FnOnce() -> MessageId,
) -> Result<StreamName, Error> {
    if command.id.is_empty() {
        return StreamName::new(command.category, own_id().to_string())
            .map_err(|err| Error::setup(err.to_string()));
    }
    command.stream()
}

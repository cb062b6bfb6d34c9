use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{Error, HandlerFailure},
    handler::{CommittedEvent, Reply, Session},
    message::{Envelope, MessageId, MessageKind, Processing},
    model::{Command, SerializedMessage},
    port::{Changes, Claim, Outgoing, SendResult, Settlement},
    record::EntryKind,
    runtime::{App, Headers, ProcessResult, cascade::Cascade, publish::wrap},
};

/// The outcome of [`App::send`]: the command was handled, or will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the command may not be handled yet"]
pub enum SendOutcome<R> {
    /// The command was handled. This is the reply of its handler.
    Handled(R),
    /// An engine handles the command later. This is its id.
    Submitted(MessageId),
}

/// The worker name under which the app itself claims due commands, to handle them inline.
const INLINE_WORKER: &str = "inline";

impl App {
    /// Processes or submits a command, as
    /// [`command_processing`](crate::runtime::AppBuilder::command_processing) says.
    ///
    /// It does the same as [`process`](Self::process), or as [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`process`](Self::process) or [`submit`](Self::submit).
    pub async fn send<C: Command>(&self, command: C) -> Result<SendOutcome<C::Reply>, Error> {
        match self.modes.commands {
            Processing::Sync => self.process(command).await.map(SendOutcome::Handled),
            Processing::Async => self.submit(command).await.map(SendOutcome::Submitted),
        }
    }

    /// Submits a command for an engine to process later, and returns its id.
    ///
    /// The reply of its handler is dropped. A rejection is recorded and logged.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_handler`] is true if the command has no handler, or an
    /// error of the store. In both cases the command was not submitted.
    pub async fn submit<C: Command>(&self, command: C) -> Result<MessageId, Error> {
        self.submit_with(command, &Headers::default()).await
    }

    /// Submits a command with headers.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub async fn submit_with<C: Command>(
        &self,
        command: C,
        headers: &Headers,
    ) -> Result<MessageId, Error> {
        let command = self.ports.serialize(&command)?;
        self.submit_message(&command, headers, None).await
    }

    /// Submits a command that is to be processed at `time`, or at once if that is past.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub async fn schedule<C: Command>(
        &self,
        command: C,
        time: Timestamp,
    ) -> Result<MessageId, Error> {
        let command = self.ports.serialize(&command)?;
        let headers = Headers::default();
        self.submit_message(&command, &headers, Some(time)).await
    }

    /// Submits a serialized command, to be processed at the time `due`. `None` means at once.
    pub(super) async fn submit_message(
        &self,
        command: &SerializedMessage,
        headers: &Headers,
        due: Option<Timestamp>,
    ) -> Result<MessageId, Error> {
        let kind = MessageKind::Command;
        let envelope = wrap(&self.ports, command, kind, headers, Processing::Async)?;
        let catalog = &self.ports.catalog;
        if catalog
            .command_route(command.name, command.category)
            .is_none()
        {
            self.ports.record_unhandled(None, envelope);
            return Err(catalog.no_handler_error(command.name, command.category));
        }

        let id = envelope.metadata.id;
        let now = self.ports.clock.now();

        let mut changes = Changes::new("a caller outside the domain");
        changes.outgoing.push(Outgoing {
            envelope: Arc::clone(&envelope),
            due,
        });
        self.ports.store.commit(&changes).await?;

        self.ports
            .record(None, || match due.filter(|due| now < *due) {
                None => EntryKind::CommandReceived(envelope),
                Some(due) => {
                    let command = envelope;
                    EntryKind::Scheduled { command, due }
                }
            });
        self.ports.wake_signal.notify();

        Ok(id)
    }

    /// Cancels a command that was submitted or scheduled. Nothing happens if it was sent already.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn cancel(&self, command: MessageId) -> Result<(), Error> {
        let mut changes = Changes::new("a caller outside the domain");
        changes.cancelled.push(command);
        self.ports.store.commit(&changes).await?;

        self.ports.record(None, || EntryKind::Cancelled(command));

        Ok(())
    }

    /// Processes all due commands and everything that they cause inline; for apps without an engine.
    ///
    /// A rejection counts as a failure here, because no caller receives it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. Returns one for which [`Error::is_setup`] is true if an event
    /// is due, because only an engine sends events.
    pub async fn process_due(&self) -> Result<ProcessResult, Error> {
        let mut total = ProcessResult::new(Ok(Reply::new(())));

        while let Some(command) = self.take_due_command().await? {
            // Boxed: mostly nothing is due, and the future of every caller would include its size.
            let result = Box::pin(self.process_envelope(&command)).await;
            total.failures.extend(result.failures);
            total.stall = total.stall.or(result.stall);

            if let Err(err) = result.reply {
                let route = self.ports.catalog.require_command_route(&command);
                let handler = route.ok().map(|route| route.handler);
                let name = self.ports.catalog.labels.label_of_envelope(&command);
                total.failures.push(HandlerFailure::new(handler, name, err));
            }
            if total.stall.is_some() {
                break;
            }
        }

        Ok(total)
    }

    /// Removes the next due command from the outbox, and returns it.
    async fn take_due_command(&self) -> Result<Option<Arc<Envelope>>, Error> {
        let now = self.ports.clock.now();
        let claim = Claim {
            worker: INLINE_WORKER,
            now,
            lease: Duration::from_secs(60),
            limit: 1,
        };
        let Some(row) = self.ports.store.claim(&claim).await?.pop() else {
            return Ok(None);
        };

        let is_command = row.envelope.metadata.kind == MessageKind::Command;
        let settlement = Settlement {
            number: row.number,
            result: if is_command {
                SendResult::Published
            } else {
                SendResult::Released
            },
        };

        // The row is settled before the command is handled. So a command that is interrupted by a
        // crash is not handled again, as with `process`.
        self.ports
            .store
            .settle(INLINE_WORKER, now, &[settlement])
            .await?;

        if is_command {
            return Ok(Some(row.envelope));
        }
        Err(Error::setup(
            "events are pending, but without an engine only commands can be handled: \
             an app with `.event_processing(Processing::Async)` needs an engine",
        ))
    }

    /// Returns whether events are handled inline or by an engine, unless the headers say otherwise.
    pub fn event_processing(&self) -> Processing {
        self.modes.events
    }

    /// Returns whether [`send`](Self::send) handles commands inline or submits them to an engine.
    pub fn command_processing(&self) -> Processing {
        self.modes.commands
    }

    /// Handles committed events, and everything that they cause, inline.
    ///
    /// Each handling has the time limit of its subscription.
    pub(crate) async fn handle_inline(&self, committed: Vec<CommittedEvent>) -> ProcessResult {
        let session = Session::default();
        let mut cascade =
            Cascade::new(Arc::clone(&self.ports), self.budget, session).with_time_limits();

        let mut result = ProcessResult::new(Ok(Reply::new(())));
        result.stall = cascade.run(committed).await;
        result.failures = cascade.into_failures();

        result
    }

    /// Processes a command that has its envelope already, and everything that it causes.
    async fn process_envelope(&self, envelope: &Arc<Envelope>) -> ProcessResult {
        let received = self.ports.entry_of(envelope.metadata.id);
        let processing = self.modes.events;

        match self.handle_envelope(envelope, received, processing).await {
            Ok((reply, committed, spare_session)) => {
                let mut result = self
                    .deliver_inline(committed, spare_session, processing)
                    .await;
                result.reply = Ok(reply);
                result
            }
            Err(err) => ProcessResult::new(Err(err)),
        }
    }
}

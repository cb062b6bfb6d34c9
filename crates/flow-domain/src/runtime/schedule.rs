use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{Error, HandlerFailure, Stall},
    handler::{CommittedEvent, Reply, Session, is_inline_mark},
    message::{Envelope, MessageId, MessageKind, Processing},
    model::{Command, SerializedMessage},
    port::{Changes, Claim, OutboxRow, Outgoing, SendResult, Settlement},
    record::EntryKind,
    runtime::{
        App, Headers, ProcessResult,
        delivery_log::{DeliveryLog, pending_command_text},
        publish::wrap,
    },
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

    /// Submits a command to be processed at `time`, or at once if that is past.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`submit`](Self::submit).
    pub async fn process_at<C: Command>(
        &self,
        time: Timestamp,
        command: C,
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
    /// It also handles the events whose inline handling was cut off:
    /// [`recover_inline_after`](crate::runtime::AppBuilder::recover_inline_after).
    ///
    /// A rejection counts as a failure here, because no caller receives it.
    ///
    /// All deliveries of one call count against the budget of the app. Over it, the result has a
    /// [`stall`](ProcessResult::stall). The commands that are left stay due for the next call.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. Returns one for which [`Error::is_setup`] is true if an event
    /// is due, because only an engine sends events.
    pub async fn process_due(&self) -> Result<ProcessResult, Error> {
        let mut act = ProcessResult::new(Ok(Reply::new(())));
        self.process_due_in(&mut act).await?;

        Ok(act)
    }

    /// Processes all due commands as a part of the act with this result, until a stall.
    pub(super) async fn process_due_in(&self, act: &mut ProcessResult) -> Result<(), Error> {
        while act.stall.is_none()
            && let Some(row) = self.claim_due_row().await?
        {
            if act.log.exceeds(self.budget) {
                self.settle_row(INLINE_WORKER, &row, SendResult::Released)
                    .await?;
                act.stall = Some(Box::new(self.explain_stall(&act.log, &row.envelope)));
                break;
            }

            if is_inline_mark(&row) {
                Box::pin(self.handle_cut_off_in(INLINE_WORKER, &row, act)).await?;
                continue;
            }
            let command = self.take_command(row).await?;
            // Boxed: mostly nothing is due, and the future of every caller would include its size.
            Box::pin(self.process_envelope(&command, act)).await;
        }

        Ok(())
    }

    fn explain_stall(&self, log: &DeliveryLog, due: &Envelope) -> Stall {
        let catalog = &self.ports.catalog;
        let pending = vec![pending_command_text(catalog, due)];
        log.explain_stall(self.budget, &catalog.labels, pending)
    }

    /// Claims the next due row of the outbox.
    async fn claim_due_row(&self) -> Result<Option<OutboxRow>, Error> {
        let claim = Claim {
            worker: INLINE_WORKER,
            now: self.ports.clock.now(),
            lease: Duration::from_secs(60),
            limit: 1,
        };

        Ok(self.ports.store.claim(&claim).await?.pop())
    }

    /// Removes the command of a claimed row from the outbox, and returns it.
    async fn take_command(&self, row: OutboxRow) -> Result<Arc<Envelope>, Error> {
        let is_command = row.envelope.metadata.kind == MessageKind::Command;
        let result = if is_command {
            SendResult::Published
        } else {
            SendResult::Released
        };

        // The row is settled before the command is handled. So a command that is interrupted by a
        // crash is not handled again, as with `process`.
        self.settle_row(INLINE_WORKER, &row, result).await?;

        if is_command {
            return Ok(row.envelope);
        }
        Err(Error::setup(
            "events are pending, but without an engine only commands can be handled: \
             an app with `.event_processing(Processing::Async)` needs an engine",
        ))
    }

    pub(super) async fn settle_row(
        &self,
        worker: &str,
        row: &OutboxRow,
        result: SendResult,
    ) -> Result<(), Error> {
        let settlement = Settlement {
            number: row.number,
            result,
        };
        let now = self.ports.clock.now();

        self.ports.store.settle(worker, now, &[settlement]).await
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
    pub(crate) async fn handle_inline(&self, committed: Vec<CommittedEvent>) -> ProcessResult {
        let mut act = ProcessResult::new(Ok(Reply::new(())));
        self.deliver_inline(committed, Session::default(), &mut act)
            .await;

        act
    }

    /// Processes a due command and everything that it causes, as a part of the act with this result.
    async fn process_envelope(&self, command: &Arc<Envelope>, act: &mut ProcessResult) {
        let received = self.ports.entry_of(command.metadata.id);
        let processing = self.modes.events;
        let route = self.ports.catalog.require_command_route(command);
        let handler = route.ok().map(|route| route.handler);

        let mut session = Session::default();
        let handled = self
            .handle_envelope(command, received, processing, &mut session)
            .await;

        match handled {
            Ok((_, committed)) => {
                act.log
                    .add(command, handler, session.sent().iter().copied());
                act.log.plan_commands(session.n_due_commands());
                if processing == Processing::Sync {
                    self.deliver_inline(committed, session, act).await;
                }
            }
            Err(err) => {
                act.log.add(command, handler, []);
                let name = self.ports.catalog.labels.label_of_envelope(command);
                act.failures
                    .push(HandlerFailure::of_command(handler, name, err));
            }
        }
    }
}

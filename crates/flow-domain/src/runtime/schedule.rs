use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{Error, HandlerFailure},
    handler::{CommittedEvent, Session},
    message::{Envelope, MessageId, MessageKind, Processing, Recorded},
    model::{Command, SerializedMessage},
    port::{Changes, Claim, Outgoing, SendResult, Settlement},
    record::{EntryId, EntryKind},
    runtime::{App, Headers, ProcessResult, cascade::Cascade, publish::wrap},
};

/// What became of a command that was handed over with [`App::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the command may not be handled yet"]
pub enum SendOutcome<R> {
    /// It was handled, and this is what its handler answered.
    Handled(R),
    /// It is handled later, by an engine; this is its id.
    Submitted(MessageId),
}

/// Who claims what is handled inline.
const INLINE_WORKER: &str = "inline";

impl App {
    /// Hands a command over as the app was told with
    /// [`command_processing`](crate::runtime::AppBuilder::command_processing): it is handled at once, or
    /// later by an engine. [`process`](Self::process) and [`submit`](Self::submit) say which.
    ///
    /// # Errors
    ///
    /// Those of [`process`](Self::process), or those of [`submit`](Self::submit).
    pub async fn send<C: Command>(&self, command: C) -> Result<SendOutcome<C::Reply>, Error> {
        match self.modes.commands {
            Processing::Sync => self.process(command).await.map(SendOutcome::Handled),
            Processing::Async => self.submit(command).await.map(SendOutcome::Submitted),
        }
    }

    /// Hands a command over to be processed later, by an engine, and returns its id.
    ///
    /// Its reply reaches nobody; a rejection is recorded and logged.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_handler`] is true if nobody handles it, or one of the
    /// store: then it was not handed over.
    pub async fn submit<C: Command>(&self, command: C) -> Result<MessageId, Error> {
        self.submit_with(command, &Headers::default()).await
    }

    /// Hands a command over with headers, to be processed later.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    pub async fn submit_with<C: Command>(
        &self,
        command: C,
        headers: &Headers,
    ) -> Result<MessageId, Error> {
        let written = SerializedMessage::new(&command)?;
        self.submit_serialized(&written, headers, None).await
    }

    /// Hands a command over to be processed at `time`, or at once if that is past.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    pub async fn schedule<C: Command>(
        &self,
        command: C,
        time: Timestamp,
    ) -> Result<MessageId, Error> {
        let written = SerializedMessage::new(&command)?;
        let headers = Headers::default();
        self.submit_serialized(&written, &headers, Some(time)).await
    }

    /// Hands over a command that was written down, for those who build on the app.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    pub async fn submit_serialized(
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
        let due = due.unwrap_or(now);
        let mut changes = Changes::new("the outside");

        changes.outgoing.push(Outgoing {
            envelope: Arc::clone(&envelope),
            due,
        });
        self.ports.store.commit(&changes).await?;
        self.ports.record(None, || {
            if due <= now {
                EntryKind::CommandReceived(envelope)
            } else {
                let command = envelope;
                EntryKind::Scheduled { command, due }
            }
        });

        self.ports.wake_signal.notify();
        Ok(id)
    }

    /// Takes a command back that was submitted or scheduled. Nothing happens if it was sent already.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn cancel(&self, command: MessageId) -> Result<(), Error> {
        let mut changes = Changes::new("the outside");
        changes.cancelled.push(command);
        self.ports.store.commit(&changes).await?;
        self.ports.record(None, || EntryKind::Cancelled(command));
        Ok(())
    }

    /// Processes the commands that are due, inline and with everything that they cause, and tells what
    /// failed; for those who have no engine. A rejection is told among the failures: nobody else hears
    /// of it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or one for which [`Error::is_setup`] is true if what waits
    /// is an event: an app whose events are handled by an engine needs one.
    pub async fn process_due(&self) -> Result<ProcessResult, Error> {
        let mut all = ProcessResult::empty();
        while let Some(command) = self.take_due_command().await? {
            // In a box: mostly nothing is due, and who looks pays for the room.
            let processed = Box::pin(self.process_envelope(&command)).await;
            all.failures.extend(processed.failures);
            all.stall = all.stall.or(processed.stall);

            if let Err(err) = processed.reply {
                let route = self.ports.catalog.require_command_route(&command);
                let handler = route.map_or("nobody", |route| route.handler);
                let name = command.metadata.message_type.name().to_owned();
                all.failures.push(HandlerFailure::new(handler, name, err));
            }

            if all.stall.is_some() {
                break;
            }
        }

        Ok(all)
    }

    /// Lets time pass until `time`, and processes inline what becomes due on the way; for those who have
    /// no engine, and a clock that can be moved.
    ///
    /// # Errors
    ///
    /// Those of [`process_due`](Self::process_due), or an error for which [`Error::is_setup`] is true if
    /// the clock cannot be moved.
    pub async fn pass_time(&self, time: Timestamp) -> Result<ProcessResult, Error> {
        let mut all = ProcessResult::empty();
        loop {
            let now = self.ports.clock.now();
            let first = self.ports.store.next_due(now).await?.next_scheduled;
            let next = first.map_or(time, |first| first.min(time));

            self.advance_to(next)?;
            let processed = self.process_due().await?;
            all.failures.extend(processed.failures);
            all.stall = processed.stall;

            if all.stall.is_some() || time <= self.ports.clock.now() {
                return Ok(all);
            }
        }
    }

    /// Moves the clock, if it can be moved, and nothing else.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the clock cannot be moved.
    pub fn advance_to(&self, time: Timestamp) -> Result<(), Error> {
        let now = self.ports.clock.now();
        if time <= now {
            return Ok(());
        }

        if !self.ports.clock.advance_to(time) {
            return Err(Error::setup(
                "the clock of the app cannot be moved: give it a `VirtualClock`",
            ));
        }

        self.ports
            .record(None, || EntryKind::ClockAdvanced { from: now });
        Ok(())
    }

    /// Takes the next command that is due out of the outbox.
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

        // Before it is handled: whoever dies in between has handled it once at most, as `process` does.
        self.ports
            .store
            .settle(INLINE_WORKER, now, &[settlement])
            .await?;
        if is_command {
            return Ok(Some(row.envelope));
        }

        Err(Error::setup(
            "events wait to be sent, and only commands are handled here: \
             an app with `.event_processing(Processing::Async)` needs an engine",
        ))
    }

    /// Delivers events once more that were delivered before, inline, as the `nth` copy of each; for
    /// tests of what happens then.
    pub async fn redeliver(&self, events: &[(Recorded, EntryId)], nth: u32) -> ProcessResult {
        let committed = events.iter().map(|(event, entry)| CommittedEvent {
            event: Arc::clone(&event.envelope),
            entry: *entry,
        });
        let spare = Session::default();
        let mut cascade = Cascade::new(Arc::clone(&self.ports), self.budget, spare);
        let mut processed = ProcessResult::empty();

        processed.stall = cascade.redeliver(committed.collect(), nth).await;
        processed.failures = cascade.into_failures();

        processed
    }

    /// By whom events are handled unless a command says otherwise.
    pub fn event_processing(&self) -> Processing {
        self.modes.events
    }

    /// By whom commands are handled that are handed over with [`send`](Self::send).
    pub fn command_processing(&self) -> Processing {
        self.modes.commands
    }

    /// Handles what was committed, and everything that it causes, inline; each handling within the time
    /// limit of its subscription.
    pub(crate) async fn handle_inline(&self, committed: Vec<CommittedEvent>) -> ProcessResult {
        let spare = Session::default();
        let mut cascade =
            Cascade::new(Arc::clone(&self.ports), self.budget, spare).with_time_limits();
        let mut processed = ProcessResult::empty();
        processed.stall = cascade.run(committed).await;
        processed.failures = cascade.into_failures();
        processed
    }

    async fn process_envelope(&self, envelope: &Arc<Envelope>) -> ProcessResult {
        let received = self.ports.entry_of(envelope.metadata.id);
        let processing = self.modes.events;

        match self.handle_envelope(envelope, received, processing).await {
            Ok((reply, committed, spare)) => {
                let mut processed = self.deliver_inline(committed, spare, processing).await;
                processed.reply = Ok(reply);
                processed
            }
            Err(err) => ProcessResult::from_error(err),
        }
    }
}

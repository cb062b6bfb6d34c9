use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::{Clock, IdContext, IdSource, Timestamp, VirtualClock, VirtualIds},
    error::Error,
    message::{
        CorrelationId, Envelope, MessageId, MessageKind, MessageType, Metadata, Payload, Position,
        Priority, Processing, Recorded, StreamName, Version,
    },
    model::SerializedMessage,
    record::{
        ClockReason, EntryId, EntryKind, HandlerKind, HandlerOutcome, Recorder, RolledBack,
        StateChange, Table,
    },
};

/// Records what a system does that is not built on this crate, in virtual time.
#[doc(hidden)]
#[derive(Debug)]
pub struct SystemRecorder {
    recorder: Arc<Recorder>,
    system: Arc<str>,
    clock: VirtualClock,
    ids: VirtualIds,
    events: Mutex<EventCounts>,
}

/// How many events were committed.
#[derive(Debug, Default)]
struct EventCounts {
    in_streams: BTreeMap<StreamName, u64>,
    in_all: u64,
}

impl SystemRecorder {
    /// Creates the recorder of the system with this name.
    pub fn new(system: &str) -> Self {
        Self {
            recorder: Arc::default(),
            system: Arc::from(system),
            clock: VirtualClock::default(),
            ids: VirtualIds::default(),
            events: Mutex::default(),
        }
    }

    /// Returns what collects the entries.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Advances the virtual clock to `time`, unless that is in the past.
    pub fn advance_to(&self, time: Timestamp) {
        let from = self.clock.now();
        if time <= from {
            return;
        }

        self.clock.advance(time.since(from));
        let reason = ClockReason::TimePassed;
        self.add(None, EntryKind::ClockAdvanced { from, reason });
    }

    fn add(&self, cause: Option<EntryId>, kind: EntryKind) -> EntryId {
        self.recorder.add(cause, self.clock.now(), kind)
    }

    /// Records that a command was received.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if its id is not a valid key.
    pub fn command_received(&self, command: &SerializedMessage) -> Result<EntryId, Error> {
        let envelope = self.envelope(command, MessageKind::Command)?;
        Ok(self.add(None, EntryKind::CommandReceived(envelope)))
    }

    /// Records that a part of the system was called because of `cause`.
    pub fn started(
        &self,
        cause: Option<EntryId>,
        handler: &'static str,
        kind: HandlerKind,
    ) -> EntryId {
        self.add(
            cause,
            EntryKind::HandlerStarted {
                handler,
                kind,
                attempt: 1,
            },
        )
    }

    /// Records that an event was committed, by the call `start` or from outside.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if its id is not a valid key.
    pub fn committed(
        &self,
        start: Option<EntryId>,
        event: &SerializedMessage,
    ) -> Result<EntryId, Error> {
        let envelope = self.envelope(event, MessageKind::Event)?;
        let (version, position) = self.lock_events().count(&envelope.metadata.stream);

        let cause = start.map(|start| {
            let raised = EntryKind::Raised(Arc::clone(&envelope));
            self.add(Some(start), raised)
        });
        let recorded = Recorded {
            envelope,
            version: Version::new(version),
            position: Position::new(position),
        };
        Ok(self.add(cause, EntryKind::Appended(recorded)))
    }

    /// Records that the call `start` changed a state or a row.
    pub fn state_changed(
        &self,
        start: EntryId,
        (table, id): (Table, &str),
        before: Option<Payload>,
        after: Option<Payload>,
    ) {
        let change = StateChange {
            table,
            id: Arc::from(id),
            before,
            after,
        };
        self.add(Some(start), EntryKind::StateChanged(Box::new(change)));
    }

    /// Records how the call `start` ended.
    pub fn ended(&self, start: EntryId, result: Result<(), &Error>) {
        let outcome = match result {
            Ok(()) => HandlerOutcome::Returned,
            Err(err) if err.is_rejection() => {
                HandlerOutcome::Rejected(Box::new(RolledBack::new(err, Vec::new())))
            }
            Err(err) => HandlerOutcome::Failed(Box::new(RolledBack::new(err, Vec::new()))),
        };
        self.add(Some(start), EntryKind::HandlerEnded(outcome));
    }

    fn lock_events(&self) -> MutexGuard<'_, EventCounts> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn envelope(
        &self,
        message: &SerializedMessage,
        kind: MessageKind,
    ) -> Result<Arc<Envelope>, Error> {
        let id = MessageId::new(self.ids.make(IdContext::new(None, "", 0, 0)));

        Ok(Arc::new(Envelope {
            metadata: Metadata {
                id,
                kind,
                message_type: MessageType::new(&self.system, message.name),
                stream: message.stream()?,
                time: self.clock.now(),
                correlation: CorrelationId::from(id),
                causation: None,
                priority: Priority::NORMAL,
                initiated_by: None,
                caused_in_category: None,
                deadline: None,
                processing: Processing::Sync,
                upcast_from: None,
            },
            message: message.payload.clone(),
        }))
    }
}

impl EventCounts {
    /// Counts an event, and returns its version in the stream and its position.
    fn count(&mut self, stream: &StreamName) -> (u64, u64) {
        let in_stream = self.in_streams.entry(stream.clone()).or_default();
        *in_stream += 1;
        self.in_all += 1;
        (*in_stream, self.in_all)
    }
}

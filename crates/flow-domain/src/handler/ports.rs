use std::{fmt, ops::Deref, sync::Arc};

use crate::{
    clock::{Clock, IdSource},
    error::Error,
    handler::{Catalog, EngineMetrics, WakeSignal, trace},
    message::{Envelope, MessageId},
    port::{Broker, Store},
    record::{EntryId, EntryKind, InvariantSet, Recorder},
};

/// The domain, and the ports of the app that runs it, as every handling sees them.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) interceptor: Option<Arc<dyn Interceptor>>,
    /// The invariants that are checked while handlers write, for tests.
    pub(crate) invariants: InvariantSet,
    pub(crate) shared: Arc<SharedPorts>,
}

/// The ports that stay the same when a part of the app runs on another store.
///
/// They are behind one pointer, which makes a clone of [`Ports`] cheap.
#[derive(Debug)]
pub(crate) struct SharedPorts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// Set if the app has a broker; only an engine needs one.
    pub(crate) broker: Option<Arc<dyn Broker>>,
    /// Wakes engines when the outbox has something new to send.
    pub(crate) wake_signal: WakeSignal,
    /// What the engines of this app count, in this process.
    pub(crate) engine_metrics: Arc<EngineMetrics>,
}

impl Deref for Ports {
    type Target = SharedPorts;

    fn deref(&self) -> &SharedPorts {
        &self.shared
    }
}

/// Stands between the runtime and the handlers, for a test that makes a handler fail.
pub trait Interceptor: fmt::Debug + Send + Sync {
    /// Runs before `handler` is called, as part of the attempt.
    ///
    /// An error or a panic in this method counts as an error or a panic of the handler.
    ///
    /// # Errors
    ///
    /// Returns the error that the handler shall fail with.
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error>;

    /// Tells an engine in test mode what to do after an attempt.
    ///
    /// An attempt that succeeded is committed by then. `handler` is `None` for a command without a
    /// handler.
    fn after(
        &self,
        handler: Option<&'static str>,
        message: &Envelope,
        attempt: u32,
    ) -> EngineAction {
        let _ = (handler, message, attempt);
        EngineAction::Continue
    }
}

/// What an engine in test mode does when an attempt is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineAction {
    /// It acknowledges the message or schedules a retry, and continues.
    #[default]
    Continue,
    /// It crashes before it can acknowledge the message, which is then redelivered.
    Crash,
    /// It acknowledges the message, stops and starts again.
    Restart,
}

impl Ports {
    /// Returns true if there is a recorder, or a `tracing` subscriber for debug events.
    pub(crate) fn is_observed(&self) -> bool {
        self.recorder.is_some() || trace::is_debug_enabled()
    }

    /// Returns an error, and records and logs it, if the deadline of the command has passed.
    ///
    /// `received` is the entry at which the command was received.
    pub(crate) fn check_deadline(&self, command: &Envelope, received: EntryId) -> Option<Error> {
        let deadline = command.metadata.deadline?;
        let now = self.clock.now();
        if now <= deadline {
            return None;
        }

        self.record(Some(received), || EntryKind::Expired);

        let name = command.metadata.message_type.name();
        let text = format!("`{name}` expired at {deadline} and was not handled: the time is {now}");
        tracing::warn!(messaging.message.id = %command.metadata.id, "{text}");

        Some(Error::expired(text))
    }

    /// Records a command without a handler.
    pub(crate) fn record_unhandled(&self, cause: Option<EntryId>, command: Arc<Envelope>) {
        let received = self.record(cause, || EntryKind::CommandReceived(command));
        self.record(Some(received), || EntryKind::NoSubscriber);
    }

    /// Returns the entry of the record at which this message was created.
    ///
    /// This is for messages that are handled later. The caller of an inline handling has the entry
    /// already.
    pub(crate) fn entry_of(&self, message: MessageId) -> EntryId {
        self.recorder
            .as_ref()
            .and_then(|recorder| recorder.creation_entry(message))
            .unwrap_or(EntryId::UNRECORDED)
    }

    /// Records an entry about a message that is handled later, caused by the entry of the message.
    pub(crate) fn record_for(
        &self,
        message: MessageId,
        make_kind: impl FnOnce() -> EntryKind,
    ) -> EntryId {
        if !self.is_observed() {
            return EntryId::UNRECORDED;
        }

        let cause = self.entry_of(message);
        self.record((cause != EntryId::UNRECORDED).then_some(cause), make_kind)
    }

    /// Records and logs an entry, if the app is observed. `make_kind` is called only then.
    pub(crate) fn record(
        &self,
        cause: Option<EntryId>,
        make_kind: impl FnOnce() -> EntryKind,
    ) -> EntryId {
        let is_traced = trace::is_debug_enabled();
        if !is_traced && self.recorder.is_none() {
            return EntryId::UNRECORDED;
        }

        let kind = make_kind();
        if is_traced {
            trace::log_entry(&kind);
        }

        match &self.recorder {
            Some(recorder) => {
                let cause = cause.filter(|cause| *cause != EntryId::UNRECORDED);
                recorder.add(cause, self.clock.now(), kind)
            }
            None => EntryId::UNRECORDED,
        }
    }
}

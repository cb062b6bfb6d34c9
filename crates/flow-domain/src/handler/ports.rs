use std::{fmt, ops::Deref, sync::Arc};

use crate::{
    clock::{Clock, IdSource},
    error::Error,
    handler::{Catalog, EngineMetrics, WakeSignal, trace},
    message::{Envelope, MessageId},
    port::{Broker, Store},
    record::{EntryId, EntryKind, InvariantSet, Recorder},
};

/// What a handling reaches: the domain it is part of and the ports of the app that runs it.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) interceptor: Option<Arc<dyn Interceptor>>,
    /// Those that are looked after, for tests.
    pub(crate) invariants: InvariantSet,
    pub(crate) shared: Arc<SharedPorts>,
}

/// The ports that nobody needs others of who runs a part of the app on another store: behind one
/// pointer, so that this costs little.
#[derive(Debug)]
pub(crate) struct SharedPorts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// Only an engine needs one.
    pub(crate) broker: Option<Arc<dyn Broker>>,
    /// Rings when something was written that an engine has to send.
    pub(crate) wake_signal: WakeSignal,
    /// Where engines that run in this process tell of themselves.
    pub(crate) engine_metrics: Arc<EngineMetrics>,
}

impl Deref for Ports {
    type Target = SharedPorts;

    fn deref(&self) -> &SharedPorts {
        &self.shared
    }
}

/// Stands between the runtime and the handlers, for a test that lets a handler fail.
pub trait Interceptor: fmt::Debug + Send + Sync {
    /// Is called before `handler` is, inside of what becomes of it: an error, or a panic, is that of
    /// the handler.
    ///
    /// # Errors
    ///
    /// Returns what the handler is to fail with.
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error>;

    /// Is asked by an engine in test mode what it does once an attempt is over and, if it succeeded,
    /// committed.
    fn after(&self, handler: &'static str, message: &Envelope, attempt: u32) -> EngineAction {
        let _ = (handler, message, attempt);
        EngineAction::Continue
    }
}

/// What an engine in test mode does when an attempt is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineAction {
    /// It acknowledges the message, or has it tried again, and goes on.
    #[default]
    Continue,
    /// It dies before it can acknowledge the message, which comes again.
    Crash,
    /// It acknowledges the message, stops and starts again.
    Restart,
}

impl Ports {
    /// Returns true if anybody wants to know what happens.
    pub(crate) fn is_observed(&self) -> bool {
        self.recorder.is_some() || trace::is_debug_enabled()
    }

    /// Tells, and records, that a command came after its deadline, if it did.
    pub(crate) fn check_deadline(&self, command: &Envelope, received: EntryId) -> Option<Error> {
        let deadline = command.metadata.deadline?;
        let now = self.clock.now();

        if now <= deadline {
            return None;
        }

        self.record(Some(received), || EntryKind::Expired);
        let name = command.metadata.message_type.name();
        let text = format!("`{name}` expired at {deadline}, and it is {now}: it was not handled");

        tracing::warn!(messaging.message.id = %command.metadata.id, "{text}");
        Some(Error::expired(text))
    }

    /// Records a command that nobody handles.
    pub(crate) fn record_unhandled(&self, cause: Option<EntryId>, command: Arc<Envelope>) {
        let received = self.record(cause, || EntryKind::CommandReceived(command));
        self.record(Some(received), || EntryKind::NoSubscriber);
    }

    /// The entry of the record at which a message came to be that is handled later.
    pub(crate) fn entry_of(&self, message: MessageId) -> EntryId {
        let recorder = self.recorder.as_ref();
        let entry = recorder.and_then(|recorder| recorder.creation_entry(message));
        entry.unwrap_or(EntryId::UNRECORDED)
    }

    /// Records what happened to a message that is handled later.
    pub(crate) fn record_for(
        &self,
        message: MessageId,
        what: impl FnOnce() -> EntryKind,
    ) -> EntryId {
        if !self.is_observed() {
            return EntryId::UNRECORDED;
        }
        let cause = self.entry_of(message);
        self.record((cause != EntryId::UNRECORDED).then_some(cause), what)
    }

    /// Records and traces what happened, if anybody listens; only then is `what` made.
    pub(crate) fn record(
        &self,
        cause: Option<EntryId>,
        what: impl FnOnce() -> EntryKind,
    ) -> EntryId {
        let is_traced = trace::is_debug_enabled();
        if !is_traced && self.recorder.is_none() {
            return EntryId::UNRECORDED;
        }

        let what = what();
        if is_traced {
            trace::log_entry(&what);
        }

        match &self.recorder {
            Some(recorder) => {
                let cause = cause.filter(|cause| *cause != EntryId::UNRECORDED);
                recorder.add(cause, self.clock.now(), what)
            }
            None => EntryId::UNRECORDED,
        }
    }
}

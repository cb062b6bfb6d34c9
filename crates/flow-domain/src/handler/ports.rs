use std::{ops::Deref, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    clock::{Clock, IdSource},
    error::Error,
    handler::{Catalog, EngineMetrics, Hooks, WakeSignal, trace},
    message::{Envelope, MessageId, Payload},
    model::{DynMessage, SerializedMessage, verify_read_back},
    port::{Broker, Store},
    record::{EntryId, EntryKind},
};

/// The domain, and the ports of the app that runs it, as every handling sees them.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    pub(crate) catalog: Arc<Catalog>,
    /// It returns events as they are today. See [`SharedPorts::raw_store`].
    pub(crate) store: Arc<dyn Store>,
    /// What a test has added; in production nothing.
    pub(crate) hooks: Hooks,
    pub(crate) shared: Arc<SharedPorts>,
}

/// The ports that stay the same when a part of the app runs on another store.
///
/// They are behind one pointer, which makes a clone of [`Ports`] cheap.
#[derive(Debug)]
pub(crate) struct SharedPorts {
    /// The store of the app, which returns events as they are stored.
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "a test forks it, or gives it another domain")
    )]
    pub(crate) raw_store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// The store of the keys of personal data, if it is not that of the app.
    #[cfg(feature = "personal")]
    pub(crate) key_store: Option<Arc<dyn Store>>,
    /// Set if the app has a broker; only an engine needs one.
    pub(crate) broker: Option<Arc<dyn Broker>>,
    /// Wakes engines when the outbox has something new to send.
    pub(crate) wake_signal: WakeSignal,
    /// What the engines of this app count, in this process.
    pub(crate) engine_metrics: Arc<EngineMetrics>,
    /// How long inline handling may take before it counts as cut off; `None` if nobody looks for it.
    pub(crate) inline_time: Option<Duration>,
    /// Whether each written value is read back before the commit.
    pub(crate) verifies_writes: bool,
}

impl Deref for Ports {
    type Target = SharedPorts;

    fn deref(&self) -> &SharedPorts {
        &self.shared
    }
}

impl Ports {
    /// Serializes a message, and verifies it if the app verifies its writes.
    pub(crate) fn serialize(&self, message: &dyn DynMessage) -> Result<SerializedMessage, Error> {
        let serialized = message.to_serialized()?;
        if self.verifies_writes {
            message.verify_read_back(&serialized)?;
        }
        Ok(serialized)
    }

    /// Encodes a state or row, and verifies it if the app verifies its writes.
    ///
    /// `try_eq` returns `None` if the type does not implement `PartialEq`.
    pub(crate) fn encode<T: Serialize + DeserializeOwned + 'static>(
        &self,
        name: &'static str,
        value: &T,
        try_eq: fn(&T, &T) -> Option<bool>,
    ) -> Result<Payload, Error> {
        let encoded = Payload::encode(name, value)?;
        if self.verifies_writes {
            verify_read_back(name, value, &encoded, try_eq)?;
        }
        Ok(encoded)
    }

    /// Returns true if there is a recorder, or a `tracing` subscriber for debug events.
    pub(crate) fn is_observed(&self) -> bool {
        self.hooks.is_recording() || trace::is_debug_enabled()
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
        self.hooks.creation_entry(message)
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
        if !is_traced && !self.hooks.is_recording() {
            return EntryId::UNRECORDED;
        }

        let kind = make_kind();
        if is_traced {
            trace::log_entry(&kind);
        }

        let cause = cause.filter(|cause| *cause != EntryId::UNRECORDED);
        self.hooks.record(cause, &*self.clock, kind)
    }
}

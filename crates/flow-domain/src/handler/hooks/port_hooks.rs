use std::sync::Arc;

use crate::{
    clock::Clock,
    error::Error,
    handler::hooks::{CallLimits, Interceptor},
    message::{Envelope, MessageId, Recorded},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
    record::{EntryId, EntryKind, InvariantSet, Recorder},
};

/// What a test adds to the ports of an app. By default nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks {
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) interceptor: Option<Arc<dyn Interceptor>>,
    /// The limits of handler calls; `None` if only their time limits hold.
    pub(crate) call_limits: Option<Arc<CallLimits>>,
    /// The invariants that are checked while handlers write.
    pub(crate) invariants: InvariantSet,
}

impl Hooks {
    pub(in crate::handler) fn is_recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// Returns the entry that created this message, if it is recorded and an engine handles it.
    pub(in crate::handler) fn creation_entry(&self, message: MessageId) -> EntryId {
        self.recorder
            .as_ref()
            .and_then(|recorder| recorder.creation_entry(message))
            .unwrap_or(EntryId::UNRECORDED)
    }

    pub(in crate::handler) fn record(
        &self,
        cause: Option<EntryId>,
        clock: &dyn Clock,
        kind: EntryKind,
    ) -> EntryId {
        match &self.recorder {
            Some(recorder) => recorder.add(cause, clock.now(), kind),
            None => EntryId::UNRECORDED,
        }
    }

    /// Runs before an attempt, as part of it. An error is an error of the handler.
    pub(crate) fn before_attempt(
        &self,
        handler: &'static str,
        message: &Envelope,
        attempt: u32,
    ) -> Result<(), Error> {
        match &self.interceptor {
            Some(interceptor) => interceptor.before(handler, message, attempt),
            None => Ok(()),
        }
    }

    /// Commits changes of a handler, or events from outside.
    pub(crate) fn commit<'a>(
        &'a self,
        store: &'a dyn Store,
        changes: &'a Changes,
    ) -> PortFuture<'a, Vec<Recorded>> {
        match &self.interceptor {
            Some(interceptor) => interceptor.commit(store, changes),
            None => store.commit(changes),
        }
    }

    pub(crate) fn publish<'a>(
        &'a self,
        broker: &'a dyn Broker,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        match &self.interceptor {
            Some(interceptor) => interceptor.publish(broker, publications),
            None => broker.publish(publications),
        }
    }

    /// Returns hooks for a copy of the app, with a recorder of its own.
    pub(crate) fn fork(&self) -> Self {
        Self {
            recorder: self.recorder.as_deref().map(Recorder::fork).map(Arc::new),
            ..self.clone()
        }
    }
}

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_domain::{
    Error,
    model::SerializedMessage,
    record::{EntryId, HandlerKind},
    testing::SystemRecorder,
};

use crate::system::under_test::addressed::addressed_event;

/// Receives the events that the system has committed. A clone belongs to the same run.
///
/// The system, or a wrapper around its event store, calls [`add`](Self::add) where an event becomes durable,
/// in the order of the commits. A system that stores its events in a table can be read instead:
/// [`SystemUnderTest::event_log`](crate::SystemUnderTest::event_log).
/// The harness records the event as the work of the component or the worker that
/// runs at this time.
#[derive(Clone, Debug)]
pub struct CommittedEvents {
    tap: Arc<Tap>,
}

#[derive(Debug)]
struct Tap {
    recorder: Arc<SystemRecorder>,
    state: Mutex<TapState>,
}

#[derive(Debug, Default)]
struct TapState {
    /// The part of the system that runs now.
    call: Option<Call>,
    /// Whether events are ignored, because the test puts them in and the record has them already.
    is_muted: bool,
    /// The events that were committed since the last call began.
    n_events: usize,
    /// Why events could not be recorded.
    errors: Vec<Error>,
}

/// A call of a part of the system.
#[derive(Debug)]
struct Call {
    handler: &'static str,
    kind: HandlerKind,
    cause: Option<EntryId>,
    /// The entry of the call. A call that does nothing has none.
    start: Option<EntryId>,
}

impl CommittedEvents {
    pub(super) fn new(recorder: Arc<SystemRecorder>) -> Self {
        Self {
            tap: Arc::new(Tap {
                recorder,
                state: Mutex::default(),
            }),
        }
    }

    /// Records that `event` of the entity `id` was committed.
    ///
    /// `id` is what tests write in [`at`](crate::at).
    pub fn add<E>(&self, id: impl fmt::Display, event: E)
    where
        E: fmt::Debug + PartialEq + Send + 'static,
    {
        self.add_serialized(&addressed_event(id.to_string(), event));
    }

    pub(super) fn add_serialized(&self, event: &SerializedMessage) {
        let mut state = self.lock();
        if state.is_muted {
            return;
        }

        state.n_events += 1;
        let start = state.start_entry(&self.tap.recorder);
        if let Err(err) = self.tap.recorder.committed(start, event) {
            state.errors.push(err);
        }
    }

    /// Ignores the events that are committed until [`unmute`](Self::unmute).
    pub(super) fn mute(&self) {
        self.lock().is_muted = true;
    }

    pub(super) fn unmute(&self) {
        self.lock().is_muted = false;
    }

    /// Returns true if the system has kept its handle.
    pub(super) fn is_kept(&self) -> bool {
        1 < Arc::strong_count(&self.tap)
    }

    /// Begins a call. Its entry is recorded when it does something.
    pub(super) fn begin_call(
        &self,
        handler: &'static str,
        kind: HandlerKind,
        cause: Option<EntryId>,
    ) {
        let mut state = self.lock();
        state.n_events = 0;
        state.call = Some(Call {
            handler,
            kind,
            cause,
            start: None,
        });
    }

    /// Returns the entry of the present call, and records it if it is not recorded yet.
    pub(super) fn start_entry(&self) -> Option<EntryId> {
        self.lock().start_entry(&self.tap.recorder)
    }

    /// Returns true if the present call has committed events.
    pub(super) fn has_committed(&self) -> bool {
        0 < self.lock().n_events
    }

    /// Ends the present call. Its entry says how, if it did something.
    ///
    /// # Errors
    ///
    /// Returns an error if an event could not be recorded.
    pub(super) fn end_call(&self, result: Result<(), &Error>) -> Result<(), Error> {
        let mut state = self.lock();
        if let Some(start) = state.call.take().and_then(|call| call.start) {
            self.tap.recorder.ended(start, result);
        }

        match state.errors.pop() {
            Some(err) => Err(err),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, TapState> {
        self.tap
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl TapState {
    fn start_entry(&mut self, recorder: &SystemRecorder) -> Option<EntryId> {
        let call = self.call.as_mut()?;
        let start = call
            .start
            .get_or_insert_with(|| recorder.started(call.cause, call.handler, call.kind));
        Some(*start)
    }
}

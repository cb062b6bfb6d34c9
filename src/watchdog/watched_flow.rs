use std::{
    collections::BTreeMap,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use flow_domain::record::{OpenCall, Recorder};

use crate::watchdog::thread as watchdog_thread;

/// Where a flow is, for the watchdog, and which handlers made it wait.
#[derive(Debug, Default)]
pub(crate) struct WatchedFlow {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The thread that executes the flow, or did last.
    thread: Option<Thread>,
    location: Option<&'static Location<'static>>,
    recorder: Option<Arc<Recorder>>,
    n_steps: usize,
    /// The number of steps and entries that the watchdog saw last, and how often it saw them.
    seen: (usize, usize),
    n_checks: u32,
    /// The handler that the flow waits for, since this time.
    wait: Option<(&'static str, Instant)>,
    waited: BTreeMap<&'static str, Duration>,
}

/// A flow that does not move on.
#[derive(Debug)]
pub(super) struct Hang {
    pub(super) thread: String,
    pub(super) location: Option<&'static Location<'static>>,
    /// The handler call that has not ended.
    pub(super) call: Option<OpenCall>,
}

/// A flow that this thread executes, until this is dropped.
#[derive(Debug)]
pub(crate) struct EnteredFlow(Arc<WatchedFlow>);

impl Drop for EnteredFlow {
    fn drop(&mut self) {
        watchdog_thread::remove(&self.0);
    }
}

impl WatchedFlow {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches the flow while this thread executes it. Ends a wait.
    pub(crate) fn enter(self: &Arc<Self>) -> EnteredFlow {
        let mut state = self.lock();
        state.thread = Some(thread::current());
        state.n_checks = 0;
        state.end_wait();
        drop(state);

        watchdog_thread::add(self);
        EnteredFlow(Arc::clone(self))
    }

    /// Notes the line of the step that begins.
    pub(crate) fn begin_step(&self, location: &'static Location<'static>) {
        let mut state = self.lock();
        state.location = Some(location);
        state.n_steps += 1;
    }

    /// Notes where the run records what its handlers do.
    pub(crate) fn begin_run(&self, recorder: &Arc<Recorder>) {
        self.lock().recorder = Some(Arc::clone(recorder));
    }

    /// Notes that the flow waits for the handler that it has called.
    #[expect(
        clippy::disallowed_methods,
        reason = "the warning is about the time of the machine"
    )]
    pub(crate) fn begin_wait(&self) {
        let mut state = self.lock();
        let call = state.recorder.as_deref().and_then(Recorder::open_call);
        state.wait = call.map(|call| (call.handler, Instant::now()));
    }

    /// Returns the handlers for which the flow waited for at least `minimum` of real time.
    pub(crate) fn waited_at_least(&self, minimum: Duration) -> Vec<(&'static str, Duration)> {
        let state = self.lock();
        let waited = state.waited.iter().map(|(handler, time)| (*handler, *time));
        waited.filter(|(_, time)| minimum <= *time).collect()
    }

    /// Returns the hang, if the flow has not moved on for the last `n_checks` calls.
    pub(super) fn find_hang(&self, n_checks: u32) -> Option<Hang> {
        let mut state = self.lock();
        let recorder = state.recorder.clone();
        let n_entries = recorder.as_ref().map_or(0, |recorder| recorder.n_entries());

        let now = (state.n_steps, n_entries);
        if state.seen != now {
            (state.seen, state.n_checks) = (now, 0);
            return None;
        }

        state.n_checks += 1;
        (n_checks <= state.n_checks).then(|| Hang {
            thread: thread_name(state.thread.as_ref()),
            location: state.location,
            call: recorder.and_then(|recorder| recorder.open_call()),
        })
    }
}

impl State {
    fn end_wait(&mut self) {
        if let Some((handler, since)) = self.wait.take() {
            *self.waited.entry(handler).or_default() += since.elapsed();
        }
    }
}

fn thread_name(thread: Option<&Thread>) -> String {
    let name = thread.and_then(Thread::name);
    name.unwrap_or("a thread without a name").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_that_moves_on_does_not_hang() {
        let flow = WatchedFlow::default();

        for _ in 0..5 {
            flow.begin_step(Location::caller());
            assert!(flow.find_hang(2).is_none());
            assert!(flow.find_hang(2).is_none());
        }
        assert!(flow.find_hang(2).is_some());
    }
}

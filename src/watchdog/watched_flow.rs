use std::{
    collections::BTreeMap,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use flow_domain::{
    record::{OpenCall, Recorder},
    testing::CallLimits,
};

use crate::watchdog::{progress::Progress, thread as watchdog_thread};

/// Where a flow is, for the watchdog, and which handlers made it wait.
#[derive(Debug, Default)]
pub(crate) struct WatchedFlow {
    state: Mutex<State>,
}

/// The code of the test that runs while no handler does, as a noun.
#[derive(Clone, Copy, Debug)]
struct Code(&'static str);

impl Default for Code {
    fn default() -> Self {
        Self("the code of the step")
    }
}

#[derive(Debug, Default)]
struct State {
    /// The thread that polls the flow, or did last.
    thread: Option<Thread>,
    location: Option<&'static Location<'static>>,
    /// What runs while no handler does.
    code: Code,
    run: Option<(Arc<Recorder>, Arc<CallLimits>)>,
    n_steps: usize,
    n_polls: usize,
    /// Wakes the flow if it waits; `None` while it is polled.
    waker: Option<Waker>,
    progress: Progress,
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
    /// What runs if no handler does.
    pub(super) code: &'static str,
    /// Whether the flow waits, and nobody polls it.
    pub(super) is_waiting: bool,
}

/// The watchdog checks a flow until this is dropped.
#[derive(Debug)]
pub(crate) struct WatchGuard(Arc<WatchedFlow>);

/// Lets the watchdog check code of a test that runs no flow. `code` names it, as a noun.
pub(crate) fn watch_code(location: &'static Location<'static>, code: &'static str) -> WatchGuard {
    let watched = Arc::new(WatchedFlow::default());
    watched.begin_step(location);
    watched.watch_code(code)
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        watchdog_thread::remove(&self.0);
    }
}

impl WatchedFlow {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the watchdog check the flow.
    pub(crate) fn watch(self: &Arc<Self>) -> WatchGuard {
        watchdog_thread::add(self);
        WatchGuard(Arc::clone(self))
    }

    /// Lets the watchdog check code of the test outside of a run. `code` names it, as a noun.
    pub(crate) fn watch_code(self: &Arc<Self>, code: &'static str) -> WatchGuard {
        self.begin_code(code);
        self.watch()
    }

    /// Notes that this thread runs code of the test. `code` names it, as a noun.
    pub(super) fn begin_code(&self, code: &'static str) {
        let mut state = self.lock();
        state.thread = Some(thread::current());
        state.code = Code(code);
        state.waker = None;
        state.n_steps += 1;
    }

    /// Polls the future of the flow.
    pub(crate) fn poll<F: Future + ?Sized>(
        &self,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.begin_poll();
        let polled = future.poll(cx);
        if polled.is_pending() {
            self.begin_wait(cx.waker());
        }

        polled
    }

    /// Notes that this thread polls the flow. Ends a wait.
    fn begin_poll(&self) {
        let mut state = self.lock();
        state.thread.get_or_insert_with(thread::current);
        state.n_polls += 1;
        state.waker = None;
        state.end_wait();
    }

    /// Notes that the flow waits for the handler that it has called.
    #[expect(
        clippy::disallowed_methods,
        reason = "the warning is about the time of the machine"
    )]
    fn begin_wait(&self, waker: &Waker) {
        let mut state = self.lock();
        state.waker = Some(waker.clone());
        let call = state.open_call();
        state.wait = call.map(|call| (call.handler, Instant::now()));
    }

    /// Notes the line of the step that begins.
    pub(crate) fn begin_step(&self, location: &'static Location<'static>) {
        let mut state = self.lock();
        state.location = Some(location);
        state.n_steps += 1;
        state.code = Code::default();
        if let Some((_, limits)) = &state.run {
            limits.begin_act();
        }
    }

    /// Notes where the run records what its handlers do, and the limits of their calls.
    pub(crate) fn begin_run(&self, recorder: &Arc<Recorder>, limits: &Arc<CallLimits>) {
        self.lock().run = Some((Arc::clone(recorder), Arc::clone(limits)));
    }

    /// Returns the handlers for which the flow waited for at least `minimum` of real time.
    pub(crate) fn waited_at_least(&self, minimum: Duration) -> Vec<(&'static str, Duration)> {
        let state = self.lock();
        let waited = state.waited.iter().map(|(handler, time)| (*handler, *time));
        waited.filter(|(_, time)| minimum <= *time).collect()
    }

    /// Returns the hang, if the flow has not moved on for the last `n_checks` calls.
    ///
    /// A flow that waits does not hang yet. Its wait is ended, if its clock stands still. It is woken at
    /// each call from then on, to notice that. `limit` is the real time of `n_checks` calls.
    pub(super) fn find_hang(&self, n_checks: u32, limit: Duration) -> Option<Hang> {
        let mut state = self.lock();
        let n_entries = state
            .run
            .as_ref()
            .map_or(0, |(recorder, _)| recorder.n_entries());
        let position = (state.n_steps, n_entries);
        let n_polls = state.n_polls;
        state.progress.check(position, n_polls);

        if n_checks <= state.progress.n_checks_of_poll
            && (state.waker.is_none() || state.progress.n_wakes >= n_checks)
        {
            return Some(Hang {
                thread: thread_name(state.thread.as_ref()),
                location: state.location,
                call: state.open_call(),
                code: state.code.0,
                is_waiting: state.waker.is_some(),
            });
        }

        if n_checks <= state.progress.n_checks
            && let Some(waker) = state.waker.clone()
        {
            state.progress.n_wakes += 1;
            if let Some((_, limits)) = &state.run {
                limits.end_waits(limit / n_checks * state.progress.n_checks);
            }
            drop(state);
            waker.wake();
        }
        None
    }
}

impl State {
    fn open_call(&self) -> Option<OpenCall> {
        let (recorder, _) = self.run.as_ref()?;
        recorder.open_call()
    }

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
    use std::{
        future::{pending, poll_fn},
        pin::pin,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn flow_that_moves_on_does_not_hang() {
        let flow = WatchedFlow::default();

        for _ in 0..5 {
            flow.begin_step(Location::caller());
            assert!(flow.find_hang(2, LIMIT).is_none());
            assert!(flow.find_hang(2, LIMIT).is_none());
        }
        assert!(flow.find_hang(2, LIMIT).is_some());
    }

    #[test]
    fn flow_that_waits_hangs_if_nobody_polls_it() {
        let flow = WatchedFlow::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut future = pin!(pending::<()>());

        for _ in 0..5 {
            let _ = flow.poll(future.as_mut(), &mut cx);
            for _ in 0..2 {
                assert!(flow.find_hang(2, LIMIT).is_none());
            }
        }
        let hang = flow.find_hang(2, LIMIT).expect("it was woken twice");
        assert!(hang.is_waiting);
    }

    #[test]
    fn flow_hangs_in_a_poll_that_never_ends() {
        let flow = WatchedFlow::default();
        let mut cx = Context::from_waker(Waker::noop());

        let future = pin!(poll_fn(|_| {
            assert!(flow.find_hang(2, LIMIT).is_none());
            assert!(flow.find_hang(2, LIMIT).is_none());
            let hang = flow.find_hang(2, LIMIT).expect("the poll goes on");
            assert!(!hang.is_waiting);
            Poll::Ready(())
        }));
        let _ = flow.poll(future, &mut cx);
    }
}

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::runtime::Builder;

use crate::outcome::Warning;

/// How long the end of a flow waits for a thread whose work is done, and which is about to end.
const GRACE: Duration = Duration::from_millis(500);

/// The threads on which a runtime executes the code of `tokio::task::spawn_blocking`.
///
/// While such code runs, the paused clock of the runtime does not jump to the next timer.
#[derive(Debug, Default)]
pub(super) struct BlockingThreads {
    count: Mutex<ThreadCount>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct ThreadCount {
    n_started: usize,
    n_stopped: usize,
}

impl BlockingThreads {
    fn lock(&self) -> MutexGuard<'_, ThreadCount> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the threads of the runtime that `builder` builds.
    ///
    /// A thread stops as soon as its work is done.
    pub(super) fn count(self: &Arc<Self>, builder: &mut Builder) {
        let (starts, stops) = (Arc::clone(self), Arc::clone(self));

        builder
            .thread_keep_alive(Duration::ZERO)
            // The name is asked for before the thread exists. The hook for its start runs later.
            .thread_name_fn(move || {
                starts.lock().n_started += 1;
                "flow-blocking".to_owned()
            })
            .on_thread_stop(move || {
                stops.lock().n_stopped += 1;
                stops.stopped.notify_all();
            });
    }

    /// Returns true if there was ever a thread.
    pub(super) fn has_started(&self) -> bool {
        0 < self.lock().n_started
    }

    /// Returns a warning if code still runs that a handler has started.
    pub(super) fn warning(&self) -> Option<Warning> {
        let is_running = |count: &mut ThreadCount| count.n_stopped < count.n_started;
        let (mut count, _) = self
            .stopped
            .wait_timeout_while(self.lock(), GRACE, is_running)
            .unwrap_or_else(PoisonError::into_inner);

        is_running(&mut count).then(|| Warning {
            location: None,
            invariant: None,
            text: "code that a handler started with `tokio::task::spawn_blocking` has not ended at the end of the \
                   flow: the test does not see the result. Await it in the handler"
                .to_owned(),
        })
    }
}

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time,
};

use tokio::runtime::{Builder, Runtime};

/// The idle runtimes of the process.
pub(super) static RUNTIME_POOL: RuntimePool = RuntimePool::new();

/// Runtimes that wait for a run. Nothing runs on them, and their clocks are paused.
///
/// A paused clock jumps to the next timer while every task waits. So a handler that sleeps costs no
/// time, and one that waits for ever reaches its time limit at once.
///
/// A new runtime costs more than a short flow, because it asks the operating system for handles.
/// The pool has at most as many as there were runs at the same time.
pub(super) struct RuntimePool {
    idle: Mutex<Vec<Runtime>>,
}

impl RuntimePool {
    const fn new() -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Takes an idle runtime, or builds one.
    pub(super) fn take(&self) -> Runtime {
        let idle = self.lock().pop();

        idle.unwrap_or_else(|| {
            Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime of one thread needs nothing but file handles")
        })
    }

    /// Gives a runtime back, so that the next run can take it.
    ///
    /// Drops it instead if the run left something behind that could disturb the next run: a task,
    /// or a clock that is not paused. It does not wait for code that still blocks a thread.
    pub(super) fn give_back(&self, runtime: Runtime) {
        if runtime.metrics().num_alive_tasks() == 0 && is_clock_paused(&runtime) {
            self.lock().push(runtime);
        } else {
            runtime.shutdown_background();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Runtime>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns true if the clock of the runtime stands still.
///
/// A handler may call `tokio::time::resume`.
#[expect(
    clippy::disallowed_methods,
    reason = "the time decides only whether a runtime is used again, and no run sees that"
)]
fn is_clock_paused(runtime: &Runtime) -> bool {
    let _entered = runtime.enter();
    let shown = tokio::time::Instant::now();

    let before = time::Instant::now();
    while time::Instant::now() == before {}
    tokio::time::Instant::now() == shown
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[test]
    fn runtime_without_tasks_is_used_again() {
        let pool = RuntimePool::new();

        pool.give_back(pool.take());
        assert_eq!(pool.lock().len(), 1);

        let _taken = pool.take();
        assert!(pool.lock().is_empty());
    }

    #[test]
    fn runtime_with_a_task_is_dropped() {
        let pool = RuntimePool::new();
        let runtime = pool.take();
        runtime.spawn(pending::<()>());

        pool.give_back(runtime);

        assert!(pool.lock().is_empty());
    }

    #[test]
    fn runtime_with_a_resumed_clock_is_dropped() {
        let pool = RuntimePool::new();
        let runtime = pool.take();
        runtime.block_on(async { tokio::time::resume() });

        pool.give_back(runtime);

        assert!(pool.lock().is_empty());
    }
}

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time,
};

use tokio::runtime::{Builder, Runtime};

/// The idle runtimes of the process.
pub(super) static RUNTIME_POOL: RuntimePool = RuntimePool::new();

/// Runtimes that wait for a run. Nothing runs on them, and their clocks are not paused.
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
                .build()
                .expect("a runtime of one thread needs nothing but file handles")
        })
    }

    /// Gives a runtime back, so that the next run can take it.
    ///
    /// Drops it instead if the run left something behind that could disturb the next run: a task,
    /// or a paused clock.
    pub(super) fn give_back(&self, runtime: Runtime) {
        if runtime.metrics().num_alive_tasks() == 0 && is_clock_running(&runtime) {
            self.lock().push(runtime);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Runtime>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns true if the clock of the runtime shows the time of the machine.
///
/// A handler may call `tokio::time::pause` if the test turns on that feature of tokio. A clock that
/// was paused once stays behind or ahead.
#[expect(
    clippy::disallowed_methods,
    reason = "the time decides only whether a runtime is used again, and no run sees that"
)]
fn is_clock_running(runtime: &Runtime) -> bool {
    let _entered = runtime.enter();
    let before = time::Instant::now();
    let shown = tokio::time::Instant::now().into_std();

    before <= shown && shown <= time::Instant::now()
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
}

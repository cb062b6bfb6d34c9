use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flow_domain::clock::is_clock_paused;
use tokio::runtime::{Builder, Runtime};

use crate::run::blocking_threads::BlockingThreads;

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
    idle: Mutex<Vec<PooledRuntime>>,
}

/// A runtime of one thread, which belongs to one run at a time.
#[derive(Debug)]
pub(super) struct PooledRuntime {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    pub(super) blocking_threads: Arc<BlockingThreads>,
}

impl PooledRuntime {
    fn new() -> Self {
        let blocking_threads = Arc::<BlockingThreads>::default();
        let mut builder = Builder::new_current_thread();
        blocking_threads.count(builder.enable_all().start_paused(true));
        // A task may resume the clock while the flow waits for it.
        builder.on_thread_park(pause_clock);
        let runtime = builder
            .build()
            .expect("a runtime of one thread needs nothing but file handles");

        Self {
            runtime: Some(runtime),
            blocking_threads,
        }
    }

    /// Returns true if no task is left, and if no code has ever blocked a thread.
    fn is_unused(&self) -> bool {
        let n_tasks = self.runtime().metrics().num_alive_tasks();
        n_tasks == 0 && !self.blocking_threads.has_started()
    }

    pub(super) fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("it is taken out only by the drop")
    }
}

impl Drop for PooledRuntime {
    /// Does not wait for code that still blocks a thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl RuntimePool {
    const fn new() -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Takes an idle runtime, or builds one.
    pub(super) fn take(&self) -> PooledRuntime {
        // Another thread may have used its handle meanwhile. Such a runtime is dropped.
        while let Some(idle) = self.lock().pop() {
            if idle.is_unused() {
                return idle;
            }
        }

        PooledRuntime::new()
    }

    /// Gives a runtime back, so that the next run can take it.
    ///
    /// Drops it instead if the run may have left something behind that disturbs the next run: a task, or
    /// code that blocks a thread.
    pub(super) fn give_back(&self, pooled: PooledRuntime) {
        if pooled.is_unused() {
            let entered = pooled.runtime().enter();
            pause_clock();
            drop(entered);
            self.lock().push(pooled);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PooledRuntime>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pauses the clock of the current runtime again, if a handler has called `tokio::time::resume`.
///
/// On a clock that runs, a handler that waits would cost real time.
pub(super) fn pause_clock() {
    if !is_clock_paused() {
        tokio::time::pause();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::mpsc};

    use super::*;

    /// Returns true if the pool uses a runtime again after a run has done this with it.
    fn is_used_again(run: impl FnOnce(&Runtime)) -> bool {
        let pool = RuntimePool::new();
        let pooled = pool.take();
        run(pooled.runtime());

        pool.give_back(pooled);
        !pool.lock().is_empty()
    }

    #[test]
    fn runtime_without_tasks_is_used_again() {
        assert!(is_used_again(|_| {}));
    }

    #[test]
    fn runtime_with_a_task_is_dropped() {
        assert!(!is_used_again(|runtime| {
            runtime.spawn(pending::<()>());
        }));
    }

    #[test]
    fn runtime_with_blocking_code_is_dropped() {
        let (sender, receiver) = mpsc::channel::<()>();

        // The thread may not have begun when the runtime is given back.
        assert!(!is_used_again(|runtime| {
            runtime.spawn_blocking(move || receiver.recv());
        }));
        drop(sender);
    }

    #[test]
    fn runtime_that_is_used_in_the_pool_is_dropped() {
        let pool = RuntimePool::new();
        let pooled = pool.take();
        let handle = pooled.runtime().handle().clone();
        pool.give_back(pooled);

        handle.spawn(pending::<()>());
        let other = pool.take();
        assert_ne!(other.runtime().handle().id(), handle.id());
    }

    #[test]
    fn runtime_with_a_resumed_clock_is_paused_again() {
        let pool = RuntimePool::new();
        let pooled = pool.take();
        pooled.runtime().block_on(async { tokio::time::resume() });
        pool.give_back(pooled);

        let pooled = pool.take();
        let _entered = pooled.runtime().enter();
        assert!(is_clock_paused());
    }
}

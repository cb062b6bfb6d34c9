use std::{
    cell::RefCell,
    panic::PanicHookInfo,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

/// Whether a watch was ever started in this process. Without one, a handler pays for this check only.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static THREAD_TASKS: RefCell<ThreadTasks> = const {
        RefCell::new(ThreadTasks {
            n_watches: 0,
            runtime_metrics: None,
            n_spawned: 0,
            spawners: Vec::new(),
            panics: Vec::new(),
        })
    };
}

/// What is known about the tasks that handlers spawned in this thread.
struct ThreadTasks {
    n_watches: usize,
    /// Counts the tasks that are alive; set while there are watches.
    ///
    /// It is stored because a lookup of the current runtime at each poll costs more than all the rest.
    runtime_metrics: Option<RuntimeMetrics>,
    /// The number of tasks that handlers spawned.
    n_spawned: usize,
    /// The handlers that spawned tasks.
    spawners: Vec<&'static str>,
    /// The messages of the panics in tasks.
    panics: Vec<String>,
}

/// Observes the background tasks that handlers spawn while the watch exists.
///
/// The runtime does not wait for such tasks, and their failures reach no handling.
///
/// A watch sees only tasks of a current-thread runtime, in the thread that started it. While there is
/// a watch, every poll of a handler asks the runtime twice how many tasks are alive. So only the
/// harness should use it.
#[derive(Debug)]
pub struct TaskWatch {
    n_earlier_spawners: usize,
    n_earlier_panics: usize,
}

impl TaskWatch {
    /// Starts to observe.
    pub fn begin() -> Self {
        IS_WATCHED.store(true, Ordering::Relaxed);

        THREAD_TASKS.with_borrow_mut(|tasks| {
            tasks.n_watches += 1;
            // An earlier watch may have been in another runtime. A thread is in one runtime at
            // a time.
            tasks.runtime_metrics = current_thread_metrics();
            Self {
                n_earlier_spawners: tasks.spawners.len(),
                n_earlier_panics: tasks.panics.len(),
            }
        })
    }

    /// Returns the number of tasks that are alive, whoever spawned them.
    ///
    /// Returns 0 if the runtime cannot be observed.
    pub fn n_alive(&self) -> usize {
        THREAD_TASKS.with_borrow(|tasks| tasks.n_alive().unwrap_or(0))
    }

    /// Returns the names of the handlers that spawned tasks.
    pub fn spawners(&self) -> Vec<&'static str> {
        THREAD_TASKS.with_borrow(|tasks| {
            tasks
                .spawners
                .iter()
                .skip(self.n_earlier_spawners)
                .copied()
                .collect()
        })
    }

    /// Returns the panics in tasks, each with its location.
    pub fn panics(&self) -> Vec<String> {
        THREAD_TASKS.with_borrow(|tasks| {
            tasks
                .panics
                .iter()
                .skip(self.n_earlier_panics)
                .cloned()
                .collect()
        })
    }
}

impl Drop for TaskWatch {
    fn drop(&mut self) {
        // A thread that ends may have dropped its local values already.
        let _ = THREAD_TASKS.try_with(|tasks| {
            let mut tasks = tasks.borrow_mut();
            // The subtraction saturates, because a watch may be dropped in a thread that started
            // none.
            tasks.n_watches = tasks.n_watches.saturating_sub(1);

            if tasks.n_watches == 0 {
                tasks.runtime_metrics = None;
                tasks.spawners.clear();
                tasks.panics.clear();
            }
        });
    }
}

impl ThreadTasks {
    fn n_alive(&self) -> Option<usize> {
        self.runtime_metrics
            .as_ref()
            .map(RuntimeMetrics::num_alive_tasks)
    }
}

/// Remembers a panic that happened in a task, if anybody watches.
pub(super) fn remember_task_panic(info: &PanicHookInfo<'_>, message: &str) {
    if !IS_WATCHED.load(Ordering::Relaxed) || tokio::task::try_id().is_none() {
        return;
    }

    let location = info.location().map(ToString::to_string);
    let location = location.as_deref().unwrap_or("an unknown location");
    let text = format!("panicked at {location}: {message}");

    // The tasks cannot be borrowed already: no code in this file panics while it borrows them.
    THREAD_TASKS.with_borrow_mut(|tasks| tasks.panics.push(text));
}

/// Finds out whether a handler spawned tasks while it was polled, if anybody watches.
pub(super) struct SpawnCount(Option<TaskCounts>);

struct TaskCounts {
    n_alive: usize,
    n_spawned: usize,
}

impl SpawnCount {
    pub(super) fn begin() -> Self {
        if !IS_WATCHED.load(Ordering::Relaxed) {
            return Self(None);
        }

        Self(THREAD_TASKS.with_borrow(|tasks| {
            let n_alive = tasks.n_alive()?;
            let n_spawned = tasks.n_spawned;
            Some(TaskCounts { n_alive, n_spawned })
        }))
    }

    /// Remembers `handler` if it spawned tasks.
    ///
    /// A task of a nested handler counts for the nested handler only.
    pub(super) fn end(self, handler: &'static str) {
        let Self(Some(before)) = self else { return };

        THREAD_TASKS.with_borrow_mut(|tasks| {
            let n_alive = tasks.n_alive().unwrap_or(0);
            let n_new = n_alive.saturating_sub(before.n_alive);
            // Nested handlers have ended before, and have added their tasks to `n_spawned`.
            let n_own = n_new.saturating_sub(tasks.n_spawned - before.n_spawned);

            if 0 < n_own {
                tasks.n_spawned += n_own;
                tasks.spawners.push(handler);
            }
        });
    }
}

/// Returns the metrics of the runtime of this thread, if it is a current-thread runtime.
fn current_thread_metrics() -> Option<RuntimeMetrics> {
    let handle = Handle::try_current().ok()?;
    let is_single_threaded = handle.runtime_flavor() == RuntimeFlavor::CurrentThread;

    is_single_threaded.then(|| handle.metrics())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn spawn_count_assigns_nested_tasks_to_the_nested_handler() {
        let watch = TaskWatch::begin();

        let outer = SpawnCount::begin();
        let inner = SpawnCount::begin();
        tokio::spawn(std::future::pending::<()>());
        inner.end("Inner");
        outer.end("Outer");

        assert_eq!(watch.spawners(), ["Inner"]);
    }

    #[tokio::test]
    async fn task_watch_survives_the_end_of_another() {
        let watch = TaskWatch::begin();
        drop(TaskWatch::begin());

        let spawn_count = SpawnCount::begin();
        tokio::spawn(std::future::pending::<()>());
        spawn_count.end("Handler");

        assert_eq!(watch.spawners(), ["Handler"]);
        assert_eq!(watch.n_alive(), 1);
    }

    #[test]
    fn task_watch_uses_the_runtime_of_the_latest_watch() {
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("one thread").block_on(async {
                let watch = TaskWatch::begin();
                let spawn_count = SpawnCount::begin();
                tokio::spawn(std::future::pending::<()>());
                spawn_count.end("Handler");

                assert_eq!(watch.spawners(), ["Handler"]);
            });
        }

        THREAD_TASKS.with_borrow(|tasks| assert!(tasks.runtime_metrics.is_none()));
    }

    #[tokio::test]
    async fn spawn_count_includes_outer_and_nested_handlers() {
        let watch = TaskWatch::begin();

        let outer = SpawnCount::begin();
        tokio::spawn(std::future::pending::<()>());
        let inner = SpawnCount::begin();
        tokio::spawn(std::future::pending::<()>());
        inner.end("Inner");
        outer.end("Outer");

        assert_eq!(watch.spawners(), ["Inner", "Outer"]);
    }
}

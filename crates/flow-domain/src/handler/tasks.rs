use std::{
    cell::RefCell,
    panic::PanicHookInfo,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

/// Whether a watch was ever begun in this process: production pays for a look at this and nothing else.
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

/// What was seen of tasks in this thread.
struct ThreadTasks {
    n_watches: usize,
    /// What tells how many tasks are alive, while there are watches. To ask which runtime this is at each
    /// poll would cost more than all the rest of it.
    runtime_metrics: Option<RuntimeMetrics>,
    n_spawned: usize,
    /// The handlers that spawned some.
    spawners: Vec<&'static str>,
    /// The panics in them, in words.
    panics: Vec<String>,
}

/// What handlers leave to tasks that they spawn, and no handling is told of, since this was made.
///
/// It is seen where everything runs in one thread: in a current-thread runtime, and in the thread that
/// began it. While there are any, handlers are watched, at the cost of a look at the runtime before and
/// after each is polled. The harness does so; nothing else should.
#[doc(hidden)]
#[derive(Debug)]
pub struct TaskWatch {
    n_earlier_spawners: usize,
    n_earlier_panics: usize,
}

impl TaskWatch {
    /// Looks at what happens from here on.
    pub fn begin() -> Self {
        IS_WATCHED.store(true, Ordering::Relaxed);
        THREAD_TASKS.with_borrow_mut(|seen| {
            seen.n_watches += 1;
            // Another runtime than before, perhaps; a thread is in one at a time.
            seen.runtime_metrics = current_thread_metrics();
            Self {
                n_earlier_spawners: seen.spawners.len(),
                n_earlier_panics: seen.panics.len(),
            }
        })
    }

    /// How many tasks are alive, whoever spawned them; none if they are not seen.
    pub fn n_alive(&self) -> usize {
        THREAD_TASKS.with_borrow(|seen| seen.n_alive().unwrap_or(0))
    }

    /// The handlers that spawned tasks.
    pub fn spawners(&self) -> Vec<&'static str> {
        THREAD_TASKS.with_borrow(|seen| {
            seen.spawners
                .iter()
                .skip(self.n_earlier_spawners)
                .copied()
                .collect()
        })
    }

    /// The panics in tasks, each with its place.
    pub fn panics(&self) -> Vec<String> {
        THREAD_TASKS.with_borrow(|seen| {
            seen.panics
                .iter()
                .skip(self.n_earlier_panics)
                .cloned()
                .collect()
        })
    }
}

impl Drop for TaskWatch {
    fn drop(&mut self) {
        // A thread that ends may be past this.
        let _ = THREAD_TASKS.try_with(|seen| {
            let mut seen = seen.borrow_mut();
            // It may end in another thread than it began in.
            seen.n_watches = seen.n_watches.saturating_sub(1);
            if seen.n_watches == 0 {
                seen.runtime_metrics = None;
                seen.spawners.clear();
                seen.panics.clear();
            }
        });
    }
}

impl ThreadTasks {
    fn n_alive(&self) -> Option<usize> {
        let runtime = self.runtime_metrics.as_ref()?;
        Some(runtime.num_alive_tasks())
    }
}

/// Keeps a panic that happened in a task.
pub(super) fn remember_task_panic(info: &PanicHookInfo<'_>, message: &str) {
    if !IS_WATCHED.load(Ordering::Relaxed) || tokio::task::try_id().is_none() {
        return;
    }

    let place = info.location().map(ToString::to_string);
    let place = place.as_deref().unwrap_or("an unknown place");
    let text = format!("panicked at {place}: {message}");

    // A panic while this is borrowed would be one of this file.
    THREAD_TASKS.with_borrow_mut(|seen| seen.panics.push(text));
}

/// The tasks that were alive before a handler was polled, if anybody wants to know.
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

        Self(THREAD_TASKS.with_borrow(|seen| {
            let n_alive = seen.n_alive()?;
            let n_spawned = seen.n_spawned;
            Some(TaskCounts { n_alive, n_spawned })
        }))
    }

    /// Remembers `handler` if it spawned tasks; those of a handler inside of it are that one's.
    pub(super) fn end(self, handler: &'static str) {
        let Self(Some(before)) = self else { return };
        THREAD_TASKS.with_borrow_mut(|seen| {
            let n_alive = seen.n_alive().unwrap_or(0);
            let n_more = n_alive.saturating_sub(before.n_alive);
            let n_own = n_more.saturating_sub(seen.n_spawned - before.n_spawned);
            if 0 < n_own {
                seen.n_spawned += n_own;
                seen.spawners.push(handler);
            }
        });
    }
}

/// What tells of the runtime that this thread is in, if that has no other thread.
fn current_thread_metrics() -> Option<RuntimeMetrics> {
    let handle = Handle::try_current().ok()?;
    let is_alone = handle.runtime_flavor() == RuntimeFlavor::CurrentThread;
    is_alone.then(|| handle.metrics())
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

        let spawning = SpawnCount::begin();
        tokio::spawn(std::future::pending::<()>());
        spawning.end("Handler");

        assert_eq!(watch.spawners(), ["Handler"]);
        assert_eq!(watch.n_alive(), 1);
    }

    #[test]
    fn task_watch_uses_the_runtime_of_the_latest_watch() {
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("one thread").block_on(async {
                let watch = TaskWatch::begin();
                let spawning = SpawnCount::begin();
                tokio::spawn(std::future::pending::<()>());
                spawning.end("Handler");

                assert_eq!(watch.spawners(), ["Handler"]);
            });
        }

        THREAD_TASKS.with_borrow(|seen| assert!(seen.runtime_metrics.is_none()));
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

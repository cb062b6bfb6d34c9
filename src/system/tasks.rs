use flow_domain::testing::TaskWatch;
use tokio::task::yield_now;

/// How often the run yields after an act, at most. Each yield polls every task that is ready once.
const MAX_YIELDS: usize = 64;

/// The tasks that handlers spawn in a run.
///
/// They are visible only in a current-thread runtime.
#[derive(Debug)]
pub(crate) struct SpawnedTasks {
    watch: TaskWatch,
    /// The number of tasks that existed before the run.
    n_alive_before: usize,
}

impl SpawnedTasks {
    /// Starts to observe the tasks that are spawned from here on.
    pub(crate) fn watch() -> Self {
        let watch = TaskWatch::begin();
        Self {
            n_alive_before: watch.n_alive(),
            watch,
        }
    }

    /// Returns the names of the handlers that spawned tasks, without duplicates.
    pub(crate) fn spawners(&self) -> Vec<&'static str> {
        let mut spawners = self.watch.spawners();
        spawners.sort_unstable();
        spawners.dedup();
        spawners
    }

    /// Returns the panics of tasks, each with its location.
    pub(crate) fn panics(&self) -> Vec<String> {
        self.watch.panics()
    }

    /// Returns how many tasks have not finished.
    pub(crate) fn n_unfinished(&self) -> usize {
        self.watch.n_alive().saturating_sub(self.n_alive_before)
    }

    /// Runs the tasks until all have finished, or [`MAX_YIELDS`] is reached.
    ///
    /// A task that waits for time or for an external wake-up does not progress.
    pub(crate) async fn run_until_blocked(&self) {
        for _ in 0..MAX_YIELDS {
            if self.n_unfinished() == 0 {
                return;
            }

            yield_now().await;
        }
    }
}

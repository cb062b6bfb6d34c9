use flow_domain::handler::TaskWatch;
use tokio::task::yield_now;

/// How often tasks are let run after an act. Each time, every task that can go on does so once.
const MAX_YIELDS: usize = 64;

/// The tasks that handlers spawn in a run, seen if its runtime has one thread.
#[derive(Debug)]
pub(crate) struct SpawnedTasks {
    watch: TaskWatch,
    /// The tasks that were there before the run.
    n_alive_before: usize,
}

impl SpawnedTasks {
    /// Looks at what is spawned from here on.
    pub(crate) fn watch() -> Self {
        let watch = TaskWatch::begin();
        Self {
            n_alive_before: watch.n_alive(),
            watch,
        }
    }

    /// The handlers that spawned tasks, each once.
    pub(crate) fn spawners(&self) -> Vec<&'static str> {
        let mut spawners = self.watch.spawners();
        spawners.sort_unstable();
        spawners.dedup();
        spawners
    }

    /// What tasks panicked with, and where.
    pub(crate) fn panics(&self) -> Vec<String> {
        self.watch.panics()
    }

    /// How many of them are not over.
    pub(crate) fn n_unfinished(&self) -> usize {
        self.watch.n_alive().saturating_sub(self.n_alive_before)
    }

    /// Lets them run as far as they come without time or anybody else.
    pub(crate) async fn run_until_blocked(&self) {
        for _ in 0..MAX_YIELDS {
            if self.n_unfinished() == 0 {
                return;
            }
            yield_now().await;
        }
    }
}

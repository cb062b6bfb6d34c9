//! Measures how many messages per second a running engine delivers to one subscription, from
//! memory.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use flow_domain::{
    App, Domain, Engine, Error, Event, EventHandler, EventRoutes, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    message::Processing,
};
use serde::{Deserialize, Serialize};
use tokio::{runtime::Runtime, sync::Notify, time::timeout};

use crate::measure::{per_second, ratio};

/// The number of streams. Jobs of one stream are delivered one after the other, so there must be
/// many.
const STREAMS: u32 = 100;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "job", id = id)]
struct Job {
    id: String,
}

/// Handles `N` jobs at a time and notifies `done` after the last one.
struct JobHandler<const N: usize> {
    duration: Duration,
    n_left: AtomicU32,
    done: Arc<Notify>,
}

impl<const N: usize> EventHandler for JobHandler<N> {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
        on.subscription().concurrency(N);
    }
}

impl<const N: usize> JobHandler<N> {
    async fn on_job(&self, _job: Job, _work: &mut UnitOfWork) -> Result<(), Error> {
        if !self.duration.is_zero() {
            // Simulates waiting for an external service.
            let _ = timeout(self.duration, pending::<()>()).await;
        }

        if self.n_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.done.notify_one();
        }
        Ok(())
    }
}

pub(crate) fn measure(quick: bool) {
    let (rounds, n_jobs, n_waiting) = if quick {
        (1, 200, 20)
    } else {
        (3, 20_000, 1_000)
    };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build()
        .expect("a runtime of several threads");

    let [one, four] = fastest_of_one_and_four(&runtime, rounds, n_jobs, Duration::ZERO);
    per_second("deliveries-per-second-1", n_jobs, one);
    per_second("deliveries-per-second-4", n_jobs, four);
    ratio("deliveries-4-over-1", one, four);

    let [one, four] =
        fastest_of_one_and_four(&runtime, rounds, n_waiting, Duration::from_millis(1));
    per_second("deliveries-of-1ms-per-second-1", n_waiting, one);
    per_second("deliveries-of-1ms-per-second-4", n_waiting, four);
    ratio("deliveries-of-1ms-4-over-1", one, four);
}

/// Returns the time of the fastest round with one delivery at a time, and with four.
fn fastest_of_one_and_four(
    runtime: &Runtime,
    rounds: usize,
    n_jobs: u32,
    duration: Duration,
) -> [Duration; 2] {
    let mut best = [Duration::MAX; 2];
    for _ in 0..rounds {
        let times = runtime.block_on(async {
            [
                run::<1>(n_jobs, duration).await,
                run::<4>(n_jobs, duration).await,
            ]
        });
        best = [best[0].min(times[0]), best[1].min(times[1])];
    }
    best
}

/// Returns how long an engine takes to handle `n_jobs` jobs from the outbox.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
async fn run<const N: usize>(n_jobs: u32, duration: Duration) -> Duration {
    let done = Arc::new(Notify::new());
    let handler = JobHandler::<N> {
        duration,
        n_left: AtomicU32::new(n_jobs),
        done: Arc::clone(&done),
    };
    let domain = Domain::builder("yard")
        .event_from_outside::<Job>()
        .event_handler(handler)
        .build()
        .expect("a domain that can work");
    let app = App::builder(domain)
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .event_processing(Processing::Async)
        .start();

    let jobs = (0..n_jobs).map(|n| Job {
        id: (n % STREAMS).to_string(),
    });
    app.publish(jobs.collect::<Vec<_>>()).await.expect("stored");

    let start = Instant::now();
    let mut elapsed = Duration::ZERO;
    let handled = async {
        done.notified().await;
        elapsed = start.elapsed();
    };
    let stopped = Engine::new(app).run_until(handled).await;

    assert_eq!(stopped.expect("it has a broker").abandoned, 0);
    elapsed
}

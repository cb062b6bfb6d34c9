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
    engine::StopReport,
    message::Processing,
};
use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Runtime,
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::measure::{per_second, ratio};

/// The number of streams. Jobs of one stream are delivered one after the other, so there must be
/// many.
const STREAMS: u32 = 100;

/// After this time, the engines have shared the partitions.
const SHARING_TIME: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "job", id = id)]
struct Job {
    id: String,
}

/// Handles jobs and notifies `done` after the last one.
struct JobHandler {
    duration: Duration,
    n_left: AtomicU32,
    done: Arc<Notify>,
}

impl EventHandler for JobHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
    }
}

impl JobHandler {
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

    measure_grid(&runtime, quick);
    measure_engines(&runtime, quick);
}

/// Measures a backlog with few streams and more or less concurrency, and reports the slowest pair.
fn measure_grid(runtime: &Runtime, quick: bool) {
    let n_jobs = if quick { 200 } else { 50_000 };
    let mut slowest = Duration::ZERO;

    for n_streams in [1, 4, 15, 16, 32] {
        for concurrency in [1, 4, 16] {
            let load = Load {
                n_streams,
                concurrency,
                ..Load::of(n_jobs)
            };
            slowest = slowest.max(runtime.block_on(run(load)));
        }
    }

    per_second("deliveries-per-second-slowest-of-grid", n_jobs, slowest);
}

/// Compares sixteen engines on one store with one engine. The engines share the partitions before the
/// jobs come.
fn measure_engines(runtime: &Runtime, quick: bool) {
    let (rounds, n_jobs, head_start) = if quick {
        (1, 200, Duration::ZERO)
    } else {
        (3, 100_000, SHARING_TIME)
    };

    let mut best = [Duration::MAX; 2];
    for _ in 0..rounds {
        for (best, n_engines) in best.iter_mut().zip([1, 16]) {
            let load = Load {
                n_engines,
                ..Load::of(n_jobs)
            };
            let time = runtime.block_on(run_with_head_start(load, head_start));
            *best = (*best).min(time);
        }
    }

    per_second("deliveries-per-second-16-engines", n_jobs, best[1]);
    ratio("deliveries-16-engines-over-1", best[0], best[1]);
}

/// How many jobs are handled, and by what.
#[derive(Clone, Copy, Debug)]
struct Load {
    n_jobs: u32,
    n_streams: u32,
    duration: Duration,
    concurrency: usize,
    n_engines: usize,
}

impl Load {
    fn of(n_jobs: u32) -> Self {
        Self {
            n_jobs,
            n_streams: STREAMS,
            duration: Duration::ZERO,
            concurrency: 1,
            n_engines: 1,
        }
    }
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
        let load = |concurrency| Load {
            duration,
            concurrency,
            ..Load::of(n_jobs)
        };
        let times = runtime.block_on(async { [run(load(1)).await, run(load(4)).await] });
        best = [best[0].min(times[0]), best[1].min(times[1])];
    }
    best
}

/// Returns how long the engines take to handle the jobs that are in the outbox when they start.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
async fn run(load: Load) -> Duration {
    let yard = Yard::open(load);
    yard.publish_jobs().await;

    let start = Instant::now();
    let engines = Engines::start(&yard);
    yard.done.notified().await;
    let elapsed = start.elapsed();

    engines.stop().await;
    elapsed
}

/// Returns how long the engines take to handle the jobs that come `head_start` after the engines.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
async fn run_with_head_start(load: Load, head_start: Duration) -> Duration {
    let yard = Yard::open(load);
    let engines = Engines::start(&yard);
    // No job comes meanwhile.
    let _ = timeout(head_start, yard.done.notified()).await;

    let start = Instant::now();
    yard.publish_jobs().await;
    yard.done.notified().await;
    let elapsed = start.elapsed();

    engines.stop().await;
    elapsed
}

/// An app with one handler.
struct Yard {
    app: App,
    load: Load,
    /// Notified after the last job.
    done: Arc<Notify>,
}

impl Yard {
    fn open(load: Load) -> Self {
        let done = Arc::new(Notify::new());
        let handler = JobHandler {
            duration: load.duration,
            n_left: AtomicU32::new(load.n_jobs),
            done: Arc::clone(&done),
        };
        let domain = Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_handler(handler)
            .subscriptions(|on| {
                on.concurrency(load.concurrency);
            })
            .build()
            .expect("a domain that can work");
        let app = App::builder(domain)
            .store(MemoryStore::default())
            .broker(MemoryBroker::default())
            .event_processing(Processing::Async)
            .start();

        Self { app, load, done }
    }

    async fn publish_jobs(&self) {
        let jobs = (0..self.load.n_jobs).map(|n| Job {
            id: (n % self.load.n_streams).to_string(),
        });
        let jobs: Vec<_> = jobs.collect();
        self.app.publish(jobs).await.expect("stored");
    }
}

/// Running engines.
struct Engines {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<StopReport, Error>>>,
}

impl Engines {
    fn start(yard: &Yard) -> Self {
        let (stop, stopped) = watch::channel(false);
        let start_one = |_| {
            let mut stopped = stopped.clone();
            let signal = async move {
                let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
            };
            tokio::spawn(Engine::new(yard.app.clone()).run_until(signal))
        };
        let tasks = (0..yard.load.n_engines).map(start_one).collect();

        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let report = task.await.expect("it does not panic");
            assert_eq!(report.expect("it has a broker").abandoned, 0);
        }
    }
}

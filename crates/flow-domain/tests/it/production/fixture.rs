//! Handlers that do jobs as a test defines them, and engines in the background.

use std::{future::pending, sync::Arc, time::Duration};

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Rejection, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{Clock, Timestamp, VirtualClock},
    engine::StopReport,
    handler::Source,
    message::{MessageKind, Processing},
    port::{BoxFuture, Broker, Cursor, Lane, Store, Topic},
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};

use crate::fixture::{CallLog, build};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "job", id = id)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) n: u32,
}

pub(crate) fn job(id: impl Into<String>, n: u32) -> Job {
    Job { id: id.into(), n }
}

type JobFn = dyn Fn(Job) -> BoxFuture<'static, Result<(), Error>> + Send + Sync;

/// Handles jobs with a closure of the test; reads from the broker.
pub(crate) struct Doer(Arc<JobFn>);

/// Handles jobs with a closure of the test; reads from the event store.
pub(crate) struct Reader(Arc<JobFn>);

impl Doer {
    pub(crate) fn new<F>(job_fn: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        Self(Arc::new(move |job| Box::pin(job_fn(job))))
    }
}

impl Reader {
    pub(crate) fn new<F>(job_fn: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        Self(Arc::new(move |job| Box::pin(job_fn(job))))
    }
}

impl EventHandler for Doer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
    }
}

impl EventHandler for Reader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.subscription().source(Source::EventStore);
        on.event(Self::on_job);
    }
}

impl Doer {
    async fn on_job(&self, job: Job, _work: &mut UnitOfWork) -> Result<(), Error> {
        (self.0)(job).await
    }
}

impl Reader {
    async fn on_job(&self, job: Job, _work: &mut UnitOfWork) -> Result<(), Error> {
        (self.0)(job).await
    }
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Count), events(Counted))]
pub(crate) struct Counter {
    pub(crate) id: String,
    pub(crate) n: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Counter, id = id)]
pub(crate) struct Count {
    pub(crate) id: String,
}

pub(crate) fn count(id: &str) -> Count {
    Count { id: id.into() }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Counter, id = id)]
pub(crate) struct Counted {
    pub(crate) id: String,
}

#[derive(Debug, thiserror::Error)]
#[error("that is enough")]
pub(crate) struct Enough;

impl Rejection for Enough {}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: &Counted) {
        self.id.clone_from(&event.id);
        self.n += 1;
    }
}

/// Counts up to three for each counter.
pub(crate) struct CountHandler;

impl CommandHandler for CountHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::count);
    }
}

impl CountHandler {
    async fn count(&self, command: Count, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut counter = work.find::<Counter>(&command.id).await?.unwrap_or_default();
        if counter.n == 3 {
            Err(Enough)?;
        }
        counter.raise(Counted { id: command.id });
        work.add(counter)
    }
}

/// Notes every count in the call log.
pub(crate) struct CountListener(pub(crate) CallLog);

impl EventHandler for CountListener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
    }
}

impl CountListener {
    async fn on_counted(&self, event: Counted, _work: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("counted {}", event.id));
        Ok(())
    }
}

impl CallLog {
    /// Returns a handler that only writes its jobs to the log.
    pub(crate) fn doer(&self) -> Doer {
        let calls = self.clone();
        Doer::new(move |job| calls.clone().note_job(job))
    }

    /// Returns a handler that only writes its jobs to the log; it reads from the event store.
    pub(crate) fn reader(&self) -> Reader {
        let calls = self.clone();
        Reader::new(move |job| calls.clone().note_job(job))
    }

    async fn note_job(self, job: Job) -> Result<(), Error> {
        self.note(format!("{}{}", job.id, job.n));
        Ok(())
    }
}

/// A clock that follows the timers of the tokio runtime, which a test pauses.
#[derive(Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        VirtualClock::START + self.0.elapsed()
    }
}

/// What the apps of a test share. Each app stands for a process.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) start: Instant,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(None, None)
    }

    /// Uses in-memory adapters instead of `None`.
    pub(crate) fn with(store: Option<Arc<dyn Store>>, broker: Option<Arc<dyn Broker>>) -> Self {
        let start = Instant::now();

        Self {
            store: store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            broker: broker.unwrap_or_else(|| Arc::new(MemoryBroker::default())),
            clock: Arc::new(RuntimeClock(start)),
            start,
        }
    }

    /// Makes an app whose events are handled by engines.
    pub(crate) fn app(&self, domain: DomainBuilder) -> App {
        self.app_with(domain, Processing::Async)
    }

    pub(crate) fn app_with(&self, domain: DomainBuilder, events: Processing) -> App {
        App::builder(build(domain))
            .shared_store(Arc::clone(&self.store))
            .shared_broker(Arc::clone(&self.broker))
            .clock(Arc::clone(&self.clock))
            .event_processing(events)
            .start()
    }

    /// Counts the messages in the primary lane of a topic.
    pub(crate) async fn n_in_topic(&self, category: &'static str, kind: MessageKind) -> usize {
        let topics = [Topic {
            category: category.into(),
            kind,
            lane: Lane::Primary,
        }];
        let partitions = 0..self.broker.n_partitions();
        let cursors: Vec<Cursor> = partitions
            .map(|partition| Cursor {
                partition,
                ..Cursor::default()
            })
            .collect();

        self.broker.count_after(&topics, &cursors).await.unwrap()
    }

    /// Returns the milliseconds since the start.
    pub(crate) fn elapsed_millis(&self) -> u128 {
        self.start.elapsed().as_millis()
    }
}

/// A domain with one handler of jobs.
pub(crate) fn doer_domain(handler: Doer) -> DomainBuilder {
    Domain::builder("yard")
        .event_from_outside::<Job>()
        .event_handler(handler)
}

pub(crate) fn reader_domain(handler: Reader) -> DomainBuilder {
    Domain::builder("yard")
        .event_from_outside::<Job>()
        .event_handler(handler)
}

/// A domain with counters.
pub(crate) fn counter_domain(calls: &CallLog) -> DomainBuilder {
    Domain::builder("yard")
        .aggregate::<Counter>()
        .command_handler(CountHandler)
        .event_handler(CountListener(calls.clone()))
}

/// An engine in the background.
pub(crate) struct EngineRun {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<StopReport, Error>>,
}

pub(crate) fn spawn_engine(engine: Engine) -> EngineRun {
    let (stop, signal) = oneshot::channel::<()>();
    let engine = engine.run_until(async { signal.await.unwrap() });

    EngineRun {
        stop,
        task: tokio::spawn(engine),
    }
}

impl EngineRun {
    pub(crate) async fn stop(self) -> StopReport {
        self.stop.send(()).expect("the engine runs");
        let report = self.task.await.expect("the engine does not panic");
        report.expect("the engine does not fail")
    }

    /// Aborts the engine, as if its process had died.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Lets time pass.
pub(crate) async fn pass_time(time: Duration) {
    let _ = tokio::time::timeout(time, pending::<()>()).await;
}

/// Waits until a condition is true.
///
/// # Panics
///
/// Panics after two minutes.
#[track_caller]
pub(crate) fn wait_until(condition: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();

    async move {
        let polling = async {
            while !condition() {
                pass_time(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), polling).await;
        assert!(
            waited.is_ok(),
            "it never came to what is waited for at {caller}"
        );
    }
}

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) fn machine_failure() -> Error {
    Error::failed("doing the job", "the machine is out of order")
}

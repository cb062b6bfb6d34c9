//! Engines that are killed and paused while handlers fail. Nothing is lost, doubled or out of order.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    App, Domain, Engine, Error, Projection, Projector, ProjectorRoutes, RetryPolicy, handler::Rows,
    handler::Source,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::production::{
    fixture::{EngineRun, Job, World, job, machine_failure, pass_time, seconds, spawn_engine},
    flaky_adapters::{FlakyBroker, FlakyStore, Switch},
};

const N_ENGINES: usize = 3;
const N_STREAMS: u32 = 24;

/// The numbers of all jobs of a stream, in the order in which they were handled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Tally {
    id: String,
    numbers: Vec<u32>,
}

/// Which engine handles which stream now, and what went wrong.
#[derive(Debug, Default)]
struct Observer {
    busy: Mutex<BTreeMap<String, Switch>>,
    n_overlaps: AtomicU32,
    n_handled_while_paused: AtomicU32,
    n_attempts: AtomicU32,
}

/// An attempt in progress. It ends when this is dropped, even if the engine is killed.
struct BusyStream {
    observer: Arc<Observer>,
    stream: String,
}

impl Observer {
    /// Notes the start of an attempt. Two engines at a time are wrong, unless one of them is paused: it
    /// cannot know that it was replaced.
    fn begin(self: &Arc<Self>, stream: &str, engine: &Switch) -> BusyStream {
        let mut busy = self.busy.lock().unwrap();
        if let Some(other) = busy.insert(stream.to_owned(), engine.clone()) {
            let count = if other.is_paused() {
                &self.n_handled_while_paused
            } else {
                &self.n_overlaps
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
        BusyStream {
            observer: Arc::clone(self),
            stream: stream.to_owned(),
        }
    }
}

impl Drop for BusyStream {
    fn drop(&mut self) {
        self.observer.busy.lock().unwrap().remove(&self.stream);
    }
}

/// Writes each job into the tally of its stream. Every 40th attempt fails.
struct Clerk {
    observer: Arc<Observer>,
    switch: Switch,
}

impl Projector for Clerk {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_job);
    }
}

impl Clerk {
    async fn on_job(&self, job: Job, rows: &mut Rows<'_, Tally>) -> Result<(), Error> {
        let _busy = self.observer.begin(&job.id, &self.switch);
        let mut tally = rows.get(&job.id).await?.unwrap_or_default();
        pass_time(Duration::from_millis(20)).await;
        self.switch.wait_for_pause().await;

        let n_attempts = self.observer.n_attempts.fetch_add(1, Ordering::Relaxed);
        if n_attempts % 40 == 39 {
            return Err(machine_failure());
        }

        tally.id = job.id;
        tally.numbers.push(job.n);
        rows.put(tally).await
    }
}

/// Engines that share a store and a broker, each behind adapters of its own that can be paused.
struct Yard {
    world: World,
    source: Source,
    observer: Arc<Observer>,
    engines: Vec<(EngineRun, Switch)>,
}

impl Yard {
    fn start(source: Source) -> Self {
        let mut yard = Self {
            world: World::new(),
            source,
            observer: Arc::default(),
            engines: Vec::new(),
        };
        for _ in 0..N_ENGINES {
            let engine = yard.spawn();
            yard.engines.push(engine);
        }
        yard
    }

    fn domain(&self, switch: &Switch) -> flow_domain::wiring::DomainBuilder {
        let clerk = Clerk {
            observer: Arc::clone(&self.observer),
            switch: switch.clone(),
        };
        let source = self.source;
        let retry = RetryPolicy::attempts(20).first_delay(Duration::from_millis(100));

        Domain::builder("yard")
            .event_from_outside::<Job>()
            .projection::<Tally>()
            .projector(clerk)
            .subscriptions(|on| {
                on.source(source).once().concurrency(4).retry(retry);
                on.batch_size(8).circuit_breaker(None);
            })
    }

    fn spawn(&self) -> (EngineRun, Switch) {
        let switch = Switch::default();
        let store = FlakyStore::over(Arc::clone(&self.world.store), &switch);
        let broker = FlakyBroker::over(Arc::clone(&self.world.broker), &switch);
        let world = World {
            store: Arc::new(store),
            broker: Arc::new(broker),
            ..self.world.clone()
        };

        let app = world.app(self.domain(&switch));
        (spawn_engine(Engine::new(app)), switch)
    }

    async fn kill(&mut self, idx: usize) {
        let (engine, _) = self.engines.remove(idx);
        engine.kill().await;
        let engine = self.spawn();
        self.engines.push(engine);
    }
}

/// Returns true if job `n` is one of the stream. Each stream leaves out every fifth.
fn is_in_stream(stream: u32, n: u32) -> bool {
    !(stream + n).is_multiple_of(5)
}

async fn publish_next(publisher: &App, n: &mut u32) {
    let streams = (0..N_STREAMS).filter(|stream| is_in_stream(*stream, *n));
    let jobs: Vec<Job> = streams
        .map(|stream| job(format!("s{stream}"), *n))
        .collect();
    publisher.publish(jobs).await.unwrap();
    *n += 1;
}

async fn check(source: Source) {
    let mut yard = Yard::start(source);
    let publisher = yard.world.app(yard.domain(&Switch::default()));
    let mut n_published = 0;

    for round in 0..24 {
        for _ in 0..20 {
            publish_next(&publisher, &mut n_published).await;
            pass_time(Duration::from_millis(40)).await;
        }

        match round % 6 {
            1 | 4 => yard.kill(round % N_ENGINES).await,
            // Two leases and a half: the others take over meanwhile.
            2 => {
                publish_next(&publisher, &mut n_published).await;
                pass_time(Duration::from_millis(10)).await;
                let switch = yard.engines[0].1.clone();
                switch.set_paused(true);
                pass_time(seconds(25)).await;
                switch.set_paused(false);
            }
            5 => {
                let (engine, _) = yard.engines.remove(0);
                engine.stop().await;
                let engine = yard.spawn();
                yard.engines.push(engine);
            }
            _ => {}
        }
    }
    pass_time(seconds(120)).await;

    let health = publisher.health().await.unwrap();
    assert_eq!((health.lag(), health.dead_letters), (0, 0));
    for stream in 0..N_STREAMS {
        let tally = publisher.view::<Tally>().get(format!("s{stream}")).await;
        let numbers = tally.unwrap().map(|tally| tally.numbers);
        let expected = (0..n_published).filter(|n| is_in_stream(stream, *n));
        assert_eq!(numbers, Some(expected.collect()), "stream {stream}");
    }
    let observer = &yard.observer;
    assert_eq!(observer.n_overlaps.load(Ordering::Relaxed), 0);
    // Otherwise no engine was replaced while it was in the middle of something.
    assert_ne!(observer.n_handled_while_paused.load(Ordering::Relaxed), 0);
    for (engine, _) in yard.engines {
        engine.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn chaos_loses_doubles_and_disorders_nothing() {
    check(Source::Broker).await;
}

#[tokio::test(start_paused = true)]
async fn chaos_does_no_harm_to_a_store_subscription() {
    check(Source::EventStore).await;
}

//! A projection is rebuilt while engines maintain it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    App, Domain, Engine, Error, Projection, Projector, ProjectorRoutes, Rows, handler::Source,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::production::fixture::{
    Job, World, job, machine_failure, pass_time, seconds, spawn_engine,
};

/// The number of jobs of one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
pub(crate) struct JobCount {
    pub(crate) id: String,
    pub(crate) n: u32,
}

/// Counts jobs, and takes some time for each.
pub(crate) struct JobCounter(pub(crate) Duration);

impl Projector for JobCounter {
    type Projection = JobCount;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_job);
        on.subscription().source(Source::EventStore).concurrency(4);
    }
}

impl JobCounter {
    async fn on_job(&self, job: Job, rows: &mut Rows<'_, JobCount>) -> Result<(), Error> {
        let empty = || JobCount {
            id: job.id.clone(),
            n: 0,
        };
        rows.change_or_insert(&job.id, empty, |row| row.n += 1)
            .await?;

        pass_time(self.0).await;
        Ok(())
    }
}

pub(crate) async fn count_of(app: &App, id: &str) -> u32 {
    let row = app.view::<JobCount>().get(id).await;
    row.expect("memory does not fail").map_or(0, |row| row.n)
}

#[tokio::test(start_paused = true)]
async fn each_event_counts_once_beside_running_engines() {
    let world = World::new();
    let app = |duration| {
        world.app(
            Domain::builder("yard")
                .event_from_outside::<Job>()
                .projection::<JobCount>()
                .projector(JobCounter(duration)),
        )
    };
    let engines = [
        spawn_engine(Engine::new(app(seconds(1)))),
        spawn_engine(Engine::new(app(seconds(1)))),
    ];
    let (publisher, rebuilder) = (app(Duration::ZERO), app(Duration::ZERO));

    for round in 0..4 {
        for idx in 0..10 {
            for stream in ["a", "b", "c", "d", "e"] {
                publisher
                    .publish(job(stream, round * 10 + idx))
                    .await
                    .unwrap();
            }
        }
        // Some jobs are settled by now, some are in flight, and some are not read.
        pass_time(seconds(5)).await;
        let n_before = count_of(&publisher, "a").await;
        let rebuilt = rebuilder.rebuild::<JobCount>().await.unwrap();
        assert_eq!(rebuilt.skipped.len(), 0);
        assert_eq!(rebuilt.n_rows, 5);
        assert!(n_before < count_of(&publisher, "a").await);
    }
    publisher.publish(job("a", 99)).await.unwrap();
    pass_time(seconds(60)).await;

    let counts = publisher.view::<JobCount>().query().all().await.unwrap();
    let counts: Vec<(&str, u32)> = counts.iter().map(|row| (&*row.id, row.n)).collect();
    assert_eq!(
        counts,
        [("a", 41), ("b", 40), ("c", 40), ("d", 40), ("e", 40)]
    );
    for engine in engines {
        engine.stop().await;
    }
}

/// Counts jobs, and fails while the machine is out of order.
struct FragileCounter(Arc<AtomicBool>);

impl Projector for FragileCounter {
    type Projection = JobCount;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_job);
        on.subscription().source(Source::EventStore).once();
    }
}

impl FragileCounter {
    async fn on_job(&self, job: Job, rows: &mut Rows<'_, JobCount>) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) && job.id == "a" {
            return Err(machine_failure());
        }
        JobCounter(Duration::ZERO).on_job(job, rows).await
    }
}

/// The ledger says that all events are done, and the inbox that the first one was handled before.
#[tokio::test(start_paused = true)]
async fn event_that_a_rebuild_skips_becomes_a_dead_letter() {
    let world = World::new();
    let is_broken = Arc::new(AtomicBool::new(false));
    let app = world.app(
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .projection::<JobCount>()
            .projector(FragileCounter(Arc::clone(&is_broken))),
    );
    let run_for_a_second = async || {
        let engine = spawn_engine(Engine::new(app.clone()));
        pass_time(seconds(1)).await;
        engine.stop().await;
    };
    app.publish((job("a", 1), job("b", 2))).await.unwrap();
    run_for_a_second().await;
    app.publish(job("a", 3)).await.unwrap();

    is_broken.store(true, Ordering::Relaxed);
    let rebuilt = app.rebuild::<JobCount>().await.unwrap();
    assert_eq!(rebuilt.skipped.len(), 2);
    let letters = app.dead_letters().all().await.unwrap();
    insta::assert_snapshot!(letters[0].reason, @"doing the job failed: the machine is out of order");
    assert_eq!((letters.len(), letters[0].attempts), (2, 1));
    assert_eq!(app.rebuild::<JobCount>().await.unwrap().skipped.len(), 2);
    assert_eq!(app.dead_letters().all().await.unwrap(), letters);
    assert_eq!(count_of(&app, "a").await, 0);

    is_broken.store(false, Ordering::Relaxed);
    app.dead_letters().replay_all().await.unwrap();
    run_for_a_second().await;
    assert_eq!(
        (count_of(&app, "a").await, count_of(&app, "b").await),
        (2, 1)
    );
    assert!(app.dead_letters().all().await.unwrap().is_empty());
}

//! An engine that stops finishes its running jobs.

use std::future::pending;

use flow_domain::{Engine, Error};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{
        Doer, EngineRun, Job, Reader, World, doer_domain, job, pass_time, reader_domain, seconds,
        spawn_engine, wait_until,
    },
};

/// Takes three seconds for a job. Never returns for the job `bad`.
async fn run_job(calls: CallLog, job: Job) -> Result<(), Error> {
    calls.note(format!("{}{} began", job.id, job.n));
    if job.id == "bad" {
        pending::<()>().await;
    }
    pass_time(seconds(3)).await;
    calls.note(format!("{}{} ended", job.id, job.n));
    Ok(())
}

fn engine(world: &World, calls: &CallLog) -> Engine {
    let calls = calls.clone();
    let doer = Doer::new(move |job| run_job(calls.clone(), job));
    Engine::new(world.app(doer_domain(doer).subscriptions(|on| {
        on.concurrency(2).time_limit(seconds(30));
    })))
}

async fn start_engine(world: &World, calls: &CallLog, jobs: Vec<Job>) -> EngineRun {
    let publisher = world.app(doer_domain(calls.doer()));
    publisher.publish(jobs).await.unwrap();
    let engine = spawn_engine(engine(world, calls));
    wait_until(|| calls.len() == 2).await;
    engine
}

#[tokio::test(start_paused = true)]
async fn stop_finishes_running_jobs_and_starts_no_more() {
    let world = World::new();
    let calls = CallLog::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    let engine = start_engine(&world, &calls, jobs).await;

    let stopped = engine.stop().await;

    assert_eq!((stopped.finished, stopped.abandoned), (2, 0));
    assert_eq!(
        calls.lines(),
        ["a1 began", "b1 began", "a1 ended", "b1 ended"]
    );
    assert_eq!(world.elapsed_millis() / 100, 30);
}

#[tokio::test(start_paused = true)]
async fn stop_releases_untried_messages_at_once() {
    let world = World::new();
    let calls = CallLog::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    start_engine(&world, &calls, jobs).await.stop().await;
    let stopped = world.elapsed_millis();

    let next = spawn_engine(engine(&world, &calls));
    wait_until(|| calls.len() == 6).await;

    assert_eq!(calls.lines()[4..], ["a2 began", "c1 began"]);
    assert!(world.elapsed_millis() - stopped < 100);
    next.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stop_abandons_jobs_that_exceed_the_grace_period() {
    let world = World::new();
    let calls = CallLog::default();
    let first = start_engine(&world, &calls, vec![job("a", 1), job("bad", 1)]).await;

    let stopped = first.stop().await;
    assert_eq!((stopped.finished, stopped.abandoned), (1, 1));
    assert_eq!(world.elapsed_millis() / 100, 100, "ten seconds by default");

    let next = spawn_engine(engine(&world, &calls).grace(seconds(0)));
    wait_until(|| calls.len() == 4).await;
    assert_eq!(
        calls.lines(),
        ["a1 began", "bad1 began", "a1 ended", "bad1 began"]
    );
    assert_eq!(
        world.elapsed_millis() / 100,
        100,
        "its partition is released at once"
    );
    assert_eq!(next.stop().await.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn stop_hands_the_store_subscription_to_the_next_engine() {
    let world = World::new();
    let calls = CallLog::default();
    let reader = || {
        let calls = calls.clone();
        reader_domain(Reader::new(move |job| run_job(calls.clone(), job)))
    };
    let app = world.app(reader());
    app.publish(vec![job("a", 1), job("b", 1)]).await.unwrap();
    let first = spawn_engine(Engine::new(app));
    wait_until(|| calls.len() == 1).await;
    first.stop().await;
    let stopped = world.elapsed_millis();

    let next = spawn_engine(Engine::new(world.app(reader())));
    wait_until(|| calls.len() == 3).await;

    assert_eq!(calls.lines(), ["a1 began", "a1 ended", "b1 began"]);
    assert!(world.elapsed_millis() - stopped < 100);
    next.stop().await;
}

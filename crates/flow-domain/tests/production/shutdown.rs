//! An engine that is told to stop finishes what it has begun.

use std::future::pending;

use flow_domain::{Engine, Error};
use pretty_assertions::assert_eq;

use crate::fixture::{
    CallLog, Doer, EngineRun, Job, Reader, World, doer_domain, job, pass_time, reader_domain,
    seconds, spawn_engine, wait_until,
};

/// Takes three seconds for a job, and for ever for `bad`.
async fn run_job(heard: CallLog, job: Job) -> Result<(), Error> {
    heard.note(format!("{}{} began", job.id, job.n));
    if job.id == "bad" {
        pending::<()>().await;
    }
    pass_time(seconds(3)).await;
    heard.note(format!("{}{} ended", job.id, job.n));
    Ok(())
}

fn engine(world: &World, heard: &CallLog) -> Engine {
    let heard = heard.clone();
    let doer = Doer::new(move |job| run_job(heard.clone(), job));
    Engine::new(world.app(doer_domain(doer).subscriptions(|on| {
        on.concurrency(2).time_limit(seconds(30));
    })))
}

async fn start_engine(world: &World, heard: &CallLog, jobs: Vec<Job>) -> EngineRun {
    let publisher = world.app(doer_domain(heard.doer()));
    publisher.publish(jobs).await.unwrap();
    let engine = spawn_engine(engine(world, heard));
    wait_until(|| heard.len() == 2).await;
    engine
}

#[tokio::test(start_paused = true)]
async fn stop_finishes_running_jobs_and_starts_no_more() {
    let world = World::new();
    let heard = CallLog::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    let engine = start_engine(&world, &heard, jobs).await;

    let stopped = engine.stop().await;

    assert_eq!((stopped.finished, stopped.abandoned), (2, 0));
    assert_eq!(
        heard.lines(),
        ["a1 began", "b1 began", "a1 ended", "b1 ended"]
    );
    assert_eq!(world.elapsed_millis() / 100, 30);
}

#[tokio::test(start_paused = true)]
async fn stop_releases_untried_messages_at_once() {
    let world = World::new();
    let heard = CallLog::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    start_engine(&world, &heard, jobs).await.stop().await;
    let stopped = world.elapsed_millis();

    let next = spawn_engine(engine(&world, &heard));
    wait_until(|| heard.len() == 6).await;

    assert_eq!(heard.lines()[4..], ["a2 began", "c1 began"]);
    assert!(world.elapsed_millis() - stopped < 100);
    next.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stop_abandons_jobs_that_exceed_the_grace_period() {
    let world = World::new();
    let heard = CallLog::default();
    let first = start_engine(&world, &heard, vec![job("a", 1), job("bad", 1)]).await;

    let stopped = first.stop().await;
    assert_eq!((stopped.finished, stopped.abandoned), (1, 1));
    assert_eq!(world.elapsed_millis() / 100, 100, "ten seconds by default");

    let next = spawn_engine(engine(&world, &heard).grace(seconds(0)));
    wait_until(|| heard.len() == 4).await;
    assert_eq!(
        heard.lines(),
        ["a1 began", "bad1 began", "a1 ended", "bad1 began"]
    );
    assert_eq!(
        world.elapsed_millis() / 1_000,
        120,
        "four times the time limit"
    );
    assert_eq!(next.stop().await.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn stop_hands_the_store_subscription_to_the_next_engine() {
    let world = World::new();
    let heard = CallLog::default();
    let reader = || {
        let heard = heard.clone();
        reader_domain(Reader::new(move |job| run_job(heard.clone(), job)))
    };
    let app = world.app(reader());
    app.publish(vec![job("a", 1), job("b", 1)]).await.unwrap();
    let first = spawn_engine(Engine::new(app));
    wait_until(|| heard.len() == 1).await;
    first.stop().await;
    let stopped = world.elapsed_millis();

    let next = spawn_engine(Engine::new(world.app(reader())));
    wait_until(|| heard.len() == 3).await;

    assert_eq!(heard.lines(), ["a1 began", "a1 ended", "b1 began"]);
    assert!(world.elapsed_millis() - stopped < 100);
    next.stop().await;
}

//! An engine that is told to stop finishes what it has begun.

use std::future::pending;

use flow_domain::{Engine, Error};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Doer, Heard, Job, Reader, Run, World, doing, job, pass, reading, run, seconds, until,
};

/// Takes three seconds for a job, and for ever for `bad`.
async fn work(heard: Heard, job: Job) -> Result<(), Error> {
    heard.note(format!("{}{} began", job.id, job.n));
    if job.id == "bad" {
        pending::<()>().await;
    }
    pass(seconds(3)).await;
    heard.note(format!("{}{} ended", job.id, job.n));
    Ok(())
}

fn engine(world: &World, heard: &Heard) -> Engine {
    let heard = heard.clone();
    let doer = Doer::new(move |job| work(heard.clone(), job));
    Engine::new(world.app(doing(doer).subscriptions(|on| {
        on.concurrency(2).time_limit(seconds(30));
    })))
}

async fn started(world: &World, heard: &Heard, jobs: Vec<Job>) -> Run {
    let publisher = world.app(doing(heard.doer()));
    publisher.publish(jobs).await.unwrap();
    let engine = run(engine(world, heard));
    until(|| heard.len() == 2).await;
    engine
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_finished_and_nothing_more_is_begun() {
    let world = World::new();
    let heard = Heard::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    let engine = started(&world, &heard, jobs).await;

    let stopped = engine.stop().await;

    assert_eq!((stopped.finished, stopped.abandoned), (2, 0));
    assert_eq!(
        heard.lines(),
        ["a1 began", "b1 began", "a1 ended", "b1 ended"]
    );
    assert_eq!(world.millis() / 100, 30);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_and_not_tried_is_given_back_at_once_as_if_never_looked_at() {
    let world = World::new();
    let heard = Heard::default();
    let jobs = vec![job("a", 1), job("b", 1), job("a", 2), job("c", 1)];
    started(&world, &heard, jobs).await.stop().await;
    let stopped = world.millis();

    let next = run(engine(&world, &heard));
    until(|| heard.len() == 6).await;

    assert_eq!(heard.lines()[4..], ["a2 began", "c1 began"]);
    assert!(world.millis() - stopped < 100);
    next.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_grace_period_is_abandoned_and_comes_again_after_its_lease() {
    let world = World::new();
    let heard = Heard::default();
    let first = started(&world, &heard, vec![job("a", 1), job("bad", 1)]).await;

    let stopped = first.stop().await;
    assert_eq!((stopped.finished, stopped.abandoned), (1, 1));
    assert_eq!(world.millis() / 100, 100, "ten seconds by default");

    let next = run(engine(&world, &heard).grace(seconds(0)));
    until(|| heard.len() == 4).await;
    assert_eq!(
        heard.lines(),
        ["a1 began", "bad1 began", "a1 ended", "bad1 began"]
    );
    assert_eq!(world.millis() / 1_000, 120, "four times the time limit");
    assert_eq!(next.stop().await.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_the_store_is_followed_at_once_by_the_next_engine() {
    let world = World::new();
    let heard = Heard::default();
    let reader = || {
        let heard = heard.clone();
        reading(Reader::new(move |job| work(heard.clone(), job)))
    };
    let app = world.app(reader());
    app.publish(vec![job("a", 1), job("b", 1)]).await.unwrap();
    let first = run(Engine::new(app));
    until(|| heard.len() == 1).await;
    first.stop().await;
    let stopped = world.millis();

    let next = run(Engine::new(world.app(reader())));
    until(|| heard.len() == 3).await;

    assert_eq!(heard.lines(), ["a1 began", "a1 ended", "b1 began"]);
    assert!(world.millis() - stopped < 100);
    next.stop().await;
}

//! Several engines on one store and broker share the work, and take over from one that died.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{Engine, Error, RetryPolicy};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Doer, Heard, Job, Reader, World, doing, job, out_of_order, pass, reading, run, seconds, until,
};

async fn work(who: &'static str, heard: Heard, job: Job) -> Result<(), Error> {
    heard.note(format!("{who} began {}{}", job.id, job.n));
    pass(seconds(2)).await;
    heard.note(format!("{who} ended {}{}", job.id, job.n));
    Ok(())
}

fn doer(world: &World, who: &'static str, heard: &Heard) -> Engine {
    let heard = heard.clone();
    let doer = Doer::new(move |job| work(who, heard.clone(), job));
    Engine::new(world.app(doing(doer).subscriptions(|on| {
        on.time_limit(seconds(10));
    })))
}

fn reader(world: &World, who: &'static str, heard: &Heard) -> Engine {
    let heard = heard.clone();
    Engine::new(world.app(reading(Reader::new(move |job| {
        work(who, heard.clone(), job)
    }))))
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_engine_held_is_taken_over_after_its_lease() {
    let world = World::new();
    let heard = Heard::default();
    let publisher = world.app(doing(heard.doer()));
    publisher
        .publish(vec![job("a", 1), job("a", 2)])
        .await
        .unwrap();
    let first = run(doer(&world, "first", &heard));
    until(|| heard.len() == 1).await;
    first.kill().await;

    let second = run(doer(&world, "second", &heard));
    until(|| heard.len() == 5).await;

    assert_eq!(
        heard.lines(),
        [
            "first began a1",
            "second began a1",
            "second ended a1",
            "second began a2",
            "second ended a2"
        ]
    );
    assert!(
        (42_000..46_000).contains(&world.millis()),
        "{}",
        world.millis()
    );
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_engine_reads_the_event_store_at_a_time_and_another_follows_when_it_died() {
    let world = World::new();
    let heard = Heard::default();
    let publisher = world.app(reading(heard.reader()));
    publisher
        .publish(vec![job("a", 1), job("b", 1)])
        .await
        .unwrap();
    let first = run(reader(&world, "first", &heard));
    until(|| heard.len() == 1).await;
    let second = run(reader(&world, "second", &heard));
    until(|| heard.len() == 3).await;
    first.kill().await;

    until(|| heard.len() == 5).await;
    pass(seconds(600)).await;

    assert_eq!(
        heard.lines(),
        [
            "first began a1",
            "first ended a1",
            "first began b1",
            "second began b1",
            "second ended b1"
        ]
    );
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_reads_the_store_keeps_its_lease_while_a_handler_takes_its_time() {
    let world = World::new();
    let heard = Heard::default();
    let engine = |who: &'static str| {
        let heard = heard.clone();
        let reader = Reader::new(move |job: Job| {
            let heard = heard.clone();
            async move {
                pass(seconds(100)).await;
                heard.note(format!("{who} {}{}", job.id, job.n));
                Ok(())
            }
        });
        Engine::new(world.app(reading(reader).subscriptions(|on| {
            on.time_limit(seconds(200));
        })))
    };
    world
        .app(reading(heard.reader()))
        .publish(job("a", 1))
        .await
        .unwrap();
    let first = run(engine("first"));
    pass(Duration::from_millis(10)).await;
    let second = run(engine("second"));

    pass(seconds(400)).await;

    assert_eq!(heard.lines(), ["first a1"]);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_waited_too_long_behind_others_is_not_counted_as_tried() {
    let world = World::new();
    let heard = Heard::default();
    let (noted, n_last) = (heard.clone(), Arc::new(AtomicU32::new(0)));
    let doer = Doer::new(move |job: Job| {
        let (noted, n_last) = (noted.clone(), Arc::clone(&n_last));
        async move {
            pass(seconds(9)).await;
            if job.n == 19 && n_last.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(out_of_order());
            }
            noted.note(job.id);
            Ok(())
        }
    });
    let app = world.app(doing(doer).subscriptions(|on| {
        on.time_limit(seconds(10)).retry(RetryPolicy::attempts(2));
    }));
    for n in 0..20 {
        app.publish(job(format!("job-{n}"), n)).await.unwrap();
    }
    let reads_all = run(Engine::new(app.clone()));
    pass(seconds(1)).await;
    let is_idle = run(Engine::new(app.clone()));

    pass(seconds(600)).await;

    assert_eq!(heard.len(), 20, "each once");
    assert!(app.dead_letters().all().await.unwrap().is_empty());
    reads_all.stop().await;
    is_idle.stop().await;
}

//! The health of an app.

use flow_domain::{App, Engine, RetryPolicy, adapter::memory::MemoryStore};
use pretty_assertions::assert_eq;

use crate::{
    fixture::{CallLog, build},
    production::fixture::{
        Doer, Job, World, count, counter_domain, doer_domain, job, machine_failure, pass_time,
        reader_domain, seconds, spawn_engine, wait_until,
    },
};

#[tokio::test(start_paused = true)]
async fn health_counts_the_outbox_without_an_engine() {
    let world = World::new();
    let app = world.app(counter_domain(&CallLog::default()));
    app.submit(count("a")).await.unwrap();
    app.process_at(app.now() + seconds(3_600), count("a"))
        .await
        .unwrap();
    pass_time(seconds(90)).await;

    let health = app.health().await.unwrap();

    assert_eq!((health.outbox, health.scheduled, health.engines), (1, 1, 0));
    assert_eq!(health.oldest_age, Some(seconds(90)));
    assert_eq!(health.lag(), 0, "nothing is published yet");
}

#[tokio::test(start_paused = true)]
async fn health_of_an_inline_app_is_empty() {
    let domain = build(counter_domain(&CallLog::default()));
    let app = App::builder(domain).store(MemoryStore::default()).start();
    app.process(count("a")).await.unwrap();

    let health = app.health().await.unwrap();

    assert_eq!((health.lag(), health.outbox), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn health_shows_the_lag_of_engines_in_other_processes() {
    let world = World::new();
    let calls = CallLog::default();
    let engine = spawn_engine(Engine::new(world.app(reader_domain(calls.reader()))));
    let other = world.app(reader_domain(calls.reader()));
    other.publish(job("a", 1)).await.unwrap();
    wait_until(|| calls.len() == 1).await;
    engine.stop().await;

    other.publish(vec![job("a", 2), job("a", 3)]).await.unwrap();
    let before = other.health().await.unwrap();
    let again = other.health().await.unwrap();

    assert_eq!(before.subscription("Reader").unwrap().lag, 2);
    assert_eq!(again, before, "looking changes nothing");
}

#[tokio::test(start_paused = true)]
async fn health_counts_handled_and_failed_attempts() {
    let world = World::new();
    let calls = CallLog::default();
    let noted = calls.clone();
    let doer = Doer::new(move |job: Job| {
        let noted = noted.clone();
        async move {
            noted.note(job.id.clone());
            if job.id == "bad" {
                Err(machine_failure())
            } else {
                Ok(())
            }
        }
    });
    let app = world.app(doer_domain(doer).subscriptions(|on| {
        on.retry(
            RetryPolicy::attempts(2)
                .first_delay(seconds(60))
                .jitter_percent(0),
        );
    }));
    let engine = spawn_engine(Engine::new(app.clone()));
    app.publish(vec![job("good", 1), job("bad", 1), job("bad", 2)])
        .await
        .unwrap();
    pass_time(seconds(1)).await;

    let health = app.health().await.unwrap();
    let doer = health.subscription("Doer").unwrap();
    assert_eq!(
        (doer.handled, doer.failed, doer.lag, health.engines),
        (1, 1, 2, 1)
    );
    assert_eq!(
        doer.retried, 1,
        "the other waits behind it, and was not tried"
    );

    pass_time(seconds(300)).await;
    let health = app.health().await.unwrap();
    let doer = health.subscription("Doer").unwrap();
    assert_eq!((doer.handled, doer.failed, doer.lag), (1, 4, 0));
    assert_eq!(health.dead_letters, 2);
    engine.stop().await;
    assert_eq!(app.health().await.unwrap().engines, 0);
}

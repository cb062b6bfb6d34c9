//! What an app tells of how it is doing.

use flow_domain::{App, Engine, RetryPolicy, adapter::memory::MemoryStore};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Doer, Heard, Job, World, built, count, counting, doing, job, out_of_order, pass, reading, run,
    seconds, until,
};

#[tokio::test(start_paused = true)]
async fn without_an_engine_what_waits_is_counted() {
    let world = World::new();
    let app = world.app(counting(&Heard::default()));
    app.submit(count("a")).await.unwrap();
    app.schedule(count("a"), app.now() + seconds(3_600))
        .await
        .unwrap();
    pass(seconds(90)).await;

    let health = app.health().await.unwrap();

    assert_eq!((health.outbox, health.scheduled, health.engines), (1, 1, 0));
    assert_eq!(health.oldest, Some(seconds(90)));
    assert_eq!(health.lag(), 0, "nothing is published yet");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_handles_everything_inline_has_a_health_too() {
    let domain = built(counting(&Heard::default()));
    let app = App::builder(domain).store(MemoryStore::default()).start();
    app.process(count("a")).await.unwrap();

    let health = app.health().await.unwrap();

    assert_eq!((health.lag(), health.outbox), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_process_without_an_engine_sees_how_far_those_of_others_are() {
    let world = World::new();
    let heard = Heard::default();
    let engine = run(Engine::new(world.app(reading(heard.reader()))));
    let other = world.app(reading(heard.reader()));
    other.publish(job("a", 1)).await.unwrap();
    until(|| heard.len() == 1).await;
    engine.stop().await;

    other.publish(vec![job("a", 2), job("a", 3)]).await.unwrap();
    let before = other.health().await.unwrap();
    let again = other.health().await.unwrap();

    assert_eq!(before.of("Reader").unwrap().lag, 2);
    assert_eq!(again, before, "looking changes nothing");
}

#[tokio::test(start_paused = true)]
async fn an_engine_tells_what_it_handled_and_what_failed() {
    let world = World::new();
    let heard = Heard::default();
    let noted = heard.clone();
    let doer = Doer::new(move |job: Job| {
        let noted = noted.clone();
        async move {
            noted.note(job.id.clone());
            if job.id == "bad" {
                Err(out_of_order())
            } else {
                Ok(())
            }
        }
    });
    let app = world.app(doing(doer).subscriptions(|on| {
        on.retry(
            RetryPolicy::attempts(2)
                .first_delay(seconds(60))
                .jitter_percent(0),
        );
    }));
    let engine = run(Engine::new(app.clone()));
    app.publish(vec![job("good", 1), job("bad", 1), job("bad", 2)])
        .await
        .unwrap();
    pass(seconds(1)).await;

    let health = app.health().await.unwrap();
    let doer = health.of("Doer").unwrap();
    assert_eq!(
        (doer.handled, doer.failed, doer.lag, health.engines),
        (1, 1, 2, 1)
    );
    assert_eq!(doer.retried, 2, "one failed, and one waits behind it");

    pass(seconds(300)).await;
    let health = app.health().await.unwrap();
    let doer = health.of("Doer").unwrap();
    assert_eq!((doer.handled, doer.failed, doer.lag), (1, 4, 0));
    assert_eq!(health.dead_letters, 2);
    engine.stop().await;
    assert_eq!(app.health().await.unwrap().engines, 0);
}

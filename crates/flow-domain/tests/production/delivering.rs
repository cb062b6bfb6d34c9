//! What is committed while an engine runs reaches everybody.

use flow_domain::{Domain, Engine, adapter::memory::MemoryStore, message::Processing};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Counter, Heard, Job, World, built, count, counting, doing, job, pass, reading, run, seconds,
    until,
};

#[tokio::test(start_paused = true)]
async fn an_event_that_is_committed_while_the_engine_runs_reaches_all_handlers() {
    let world = World::new();
    let (done, read) = (Heard::default(), Heard::default());
    let app = world.app(
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_handler(done.doer())
            .event_handler(read.reader()),
    );
    let engine = run(Engine::new(app.clone()));
    pass(seconds(60)).await;
    let committed = world.millis();

    app.publish(job("a", 1)).await.unwrap();
    until(|| done.len() + read.len() == 2).await;

    assert_eq!(
        (done.lines(), read.lines()),
        (vec!["a1".into()], vec!["a1".into()])
    );
    assert!(world.millis() - committed < 5, "the bell rings");
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_another_process_commits_is_found_within_the_longest_poll_interval() {
    let world = World::new();
    let heard = Heard::default();
    let engine = run(Engine::new(world.app(doing(heard.doer()))));
    pass(seconds(60)).await;
    let committed = world.millis();

    world
        .app(doing(heard.doer()))
        .publish(job("a", 1))
        .await
        .unwrap();
    until(|| heard.len() == 1).await;

    assert!(world.millis() - committed <= 2_005);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_submitted_is_processed_and_what_it_causes_is_handled() {
    let world = World::new();
    let heard = Heard::default();
    let app = world.app(counting(&heard));
    let engine = run(Engine::new(app.clone()));

    app.submit(count("a")).await.unwrap();
    app.submit(count("a")).await.unwrap();
    until(|| heard.len() == 2).await;

    let counter = app.load::<Counter>("a").await.unwrap().unwrap();
    assert_eq!(counter.n, 2);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer_and_holds_nobody_up() {
    let world = World::new();
    let heard = Heard::default();
    let app = world.app(counting(&heard));
    let engine = run(Engine::new(app.clone()));

    for _ in 0..4 {
        app.submit(count("a")).await.unwrap();
    }
    app.submit(count("b")).await.unwrap();
    until(|| heard.len() == 4).await;

    let health = app.health().await.unwrap();
    assert_eq!((health.lag(), health.dead_letters), (0, 0));
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_command_causes_is_handled_inline_where_the_app_says_so() {
    let world = World::new();
    let heard = Heard::default();
    let app = world.app_with(counting(&heard), Processing::Sync);
    let engine = run(Engine::new(app.clone()));

    app.submit(count("a")).await.unwrap();
    until(|| heard.len() == 1).await;
    pass(seconds(60)).await;

    assert_eq!(heard.lines(), ["counted a"]);
    assert_eq!(
        app.health()
            .await
            .unwrap()
            .of("CountListener")
            .unwrap()
            .handled,
        0
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_command_is_processed_when_its_time_comes() {
    let world = World::new();
    let heard = Heard::default();
    let app = world.app(counting(&heard));
    let engine = run(Engine::new(app.clone()));

    app.schedule(count("a"), app.now() + seconds(3_600))
        .await
        .unwrap();
    pass(seconds(3_599)).await;
    assert_eq!(heard.len(), 0);
    until(|| heard.len() == 1).await;

    assert!(world.millis() < 3_600_100, "{}", world.millis());
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_urgent_message_goes_before_those_that_may_wait() {
    let world = World::new();
    let heard = Heard::default();
    let slow = heard.clone();
    let domain = doing(crate::fixture::Doer::new(move |job| {
        let slow = slow.clone();
        async move {
            pass(seconds(1)).await;
            slow.note(format!("{}{}", job.id, job.n));
            Ok(())
        }
    }));
    let app = world.app(domain.lanes_below(flow_domain::message::Priority::NORMAL));
    for n in 0..5 {
        publish_low(&app, job(format!("low{n}-"), n)).await;
    }
    app.publish(job("first", 0)).await.unwrap();
    let engine = run(Engine::new(app.clone()));

    until(|| heard.len() == 2).await;
    pass(seconds(1) / 2).await;
    app.publish(job("urgent", 0)).await.unwrap();
    until(|| heard.len() == 7).await;

    assert_eq!(
        heard.lines(),
        [
            "first0", "low0-0", "low1-1", "urgent0", "low2-2", "low3-3", "low4-4"
        ]
    );
    engine.stop().await;
}

async fn publish_low(app: &flow_domain::App, job: Job) {
    use flow_domain::{Headers, message::Priority, model::Written};
    let headers = Headers::default().priority(Priority::LOW);
    let written = Written::new(&job).unwrap();
    app.publish_written(&[written], &headers)
        .await
        .reply
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_domain_without_subscriptions_has_nothing_to_run() {
    let began = tokio::time::Instant::now();
    let domain = built(Domain::builder("yard").event_from_outside::<Job>());
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .start();

    let stopped = Engine::new(app).run_until(pass(seconds(60))).await.unwrap();

    assert_eq!((stopped.finished, stopped.abandoned), (0, 0));
    assert_eq!(began.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_needs_a_broker_and_has_none_is_refused_at_the_start() {
    let domain = built(doing(Heard::default().doer()));
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .start();

    let err = Engine::new(app)
        .run_until(pass(seconds(60)))
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the subscription `Doer` reads from a broker, and the app has none: give it one with `.broker(..)`, `MemoryBroker::default()` for one process; an event handler can read the event store instead, with `.source(Source::EventStore)`");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_publishes_events_needs_a_broker_whoever_reads_them() {
    let domain = built(reading(Heard::default().reader()));
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .event_processing(Processing::Async)
        .start();

    let err = Engine::new(app)
        .run_until(pass(seconds(60)))
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"events are published to a broker, and the app has none: give it one with `.broker(..)`, `MemoryBroker::default()` for one process");
}

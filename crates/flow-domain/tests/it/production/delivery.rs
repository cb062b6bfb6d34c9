//! Messages that are committed while an engine runs reach all their handlers.

use flow_domain::{Domain, Engine, adapter::memory::MemoryStore, message::Processing};
use pretty_assertions::assert_eq;

use crate::{
    fixture::{CallLog, build},
    production::fixture::{
        Counter, Job, World, count, counter_domain, doer_domain, job, pass_time, reader_domain,
        seconds, spawn_engine, wait_until,
    },
};

#[tokio::test(start_paused = true)]
async fn event_committed_at_run_time_reaches_all_handlers() {
    let world = World::new();
    let (done, read) = (CallLog::default(), CallLog::default());
    let app = world.app(
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_handler(done.doer())
            .event_handler(read.reader()),
    );
    let engine = spawn_engine(Engine::new(app.clone()));
    pass_time(seconds(60)).await;
    let committed = world.elapsed_millis();

    app.publish(job("a", 1)).await.unwrap();
    wait_until(|| done.len() + read.len() == 2).await;

    assert_eq!(
        (done.lines(), read.lines()),
        (vec!["a1".into()], vec!["a1".into()])
    );
    assert!(world.elapsed_millis() - committed < 5, "the bell rings");
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn event_of_another_process_is_found_by_polling() {
    let world = World::new();
    let calls = CallLog::default();
    let engine = spawn_engine(Engine::new(world.app(doer_domain(calls.doer()))));
    pass_time(seconds(60)).await;
    let committed = world.elapsed_millis();

    world
        .app(doer_domain(calls.doer()))
        .publish(job("a", 1))
        .await
        .unwrap();
    wait_until(|| calls.len() == 1).await;

    assert!(world.elapsed_millis() - committed <= 2_005);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn submitted_command_and_its_events_are_handled() {
    let world = World::new();
    let calls = CallLog::default();
    let app = world.app(counter_domain(&calls));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.submit(count("a")).await.unwrap();
    app.submit(count("a")).await.unwrap();
    wait_until(|| calls.len() == 2).await;

    let counter = app.load::<Counter>("a").await.unwrap().unwrap();
    assert_eq!(counter.n, 2);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rejection_does_not_block_other_commands() {
    let world = World::new();
    let calls = CallLog::default();
    let app = world.app(counter_domain(&calls));
    let engine = spawn_engine(Engine::new(app.clone()));

    for _ in 0..4 {
        app.submit(count("a")).await.unwrap();
    }
    app.submit(count("b")).await.unwrap();
    wait_until(|| calls.len() == 4).await;
    pass_time(seconds(1)).await;

    let health = app.health().await.unwrap();
    assert_eq!((health.lag(), health.dead_letters), (0, 0));
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn submitted_command_of_an_inline_app_is_handled_inline() {
    let world = World::new();
    let calls = CallLog::default();
    let app = world.app_with(counter_domain(&calls), Processing::Sync);
    let engine = spawn_engine(Engine::new(app.clone()));

    app.submit(count("a")).await.unwrap();
    wait_until(|| calls.len() == 1).await;
    pass_time(seconds(60)).await;

    assert_eq!(calls.lines(), ["counted a"]);
    assert_eq!(
        app.health()
            .await
            .unwrap()
            .subscription("CountListener")
            .unwrap()
            .handled,
        0
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn scheduled_command_is_processed_when_due() {
    let world = World::new();
    let calls = CallLog::default();
    let app = world.app(counter_domain(&calls));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.process_at(app.now() + seconds(3_600), count("a"))
        .await
        .unwrap();
    pass_time(seconds(3_599)).await;
    assert_eq!(calls.len(), 0);
    wait_until(|| calls.len() == 1).await;

    assert!(
        world.elapsed_millis() < 3_600_100,
        "{}",
        world.elapsed_millis()
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn urgent_message_overtakes_the_backfill_lane() {
    let world = World::new();
    let calls = CallLog::default();
    let noted = calls.clone();
    let domain = doer_domain(crate::production::fixture::Doer::new(move |job| {
        let noted = noted.clone();
        async move {
            pass_time(seconds(1)).await;
            noted.note(format!("{}{}", job.id, job.n));
            Ok(())
        }
    }));
    let app = world.app(domain.lanes_below(flow_domain::message::Priority::NORMAL));
    for n in 0..5 {
        publish_low(&app, job(format!("low{n}-"), n)).await;
    }
    app.publish(job("first", 0)).await.unwrap();
    let engine = spawn_engine(Engine::new(app.clone()));

    wait_until(|| calls.len() == 2).await;
    pass_time(seconds(1) / 2).await;
    app.publish(job("urgent", 0)).await.unwrap();
    wait_until(|| calls.len() == 7).await;

    assert_eq!(
        calls.lines(),
        [
            "first0", "low0-0", "low1-1", "urgent0", "low2-2", "low3-3", "low4-4"
        ]
    );
    engine.stop().await;
}

async fn publish_low(app: &flow_domain::App, job: Job) {
    use flow_domain::{Headers, message::Priority, model::SerializedMessage};
    let headers = Headers::default().priority(Priority::LOW);
    let written = SerializedMessage::new(&job).unwrap();
    app.publish_serialized(&[written], &headers)
        .await
        .reply
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn engine_returns_at_once_without_subscriptions() {
    let began = tokio::time::Instant::now();
    let domain = build(Domain::builder("yard").event_from_outside::<Job>());
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .start();

    let stopped = Engine::new(app)
        .run_until(pass_time(seconds(60)))
        .await
        .unwrap();

    assert_eq!((stopped.finished, stopped.abandoned), (0, 0));
    assert_eq!(began.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn engine_fails_to_start_without_a_needed_broker() {
    let domain = build(doer_domain(CallLog::default().doer()));
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .start();

    let err = Engine::new(app)
        .run_until(pass_time(seconds(60)))
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the subscription `Doer` reads from a broker, but the app has no broker: add one with `.broker(..)`; within one process, use `MemoryBroker::default()`; an event handler can also read the event store, with `.source(Source::EventStore)`");
}

#[tokio::test(start_paused = true)]
async fn engine_fails_to_start_if_events_have_no_broker() {
    let domain = build(reader_domain(CallLog::default().reader()));
    let app = flow_domain::App::builder(domain)
        .store(MemoryStore::default())
        .event_processing(Processing::Async)
        .start();

    let err = Engine::new(app)
        .run_until(pass_time(seconds(60)))
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"events are published to a broker, but the app has no broker: add one with `.broker(..)`; within one process, use `MemoryBroker::default()`");
}

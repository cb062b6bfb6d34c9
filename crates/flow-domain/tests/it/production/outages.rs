//! If an adapter fails for a while, the engine continues and nothing is lost.

use std::sync::Arc;

use flow_domain::Engine;
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::{
        fixture::{
            Doer, Job, Reader, World, doer_domain, job, pass_time, reader_domain, seconds,
            spawn_engine, wait_until,
        },
        flaky_adapters::{FlakyBroker, FlakyStore, Switch},
    },
};

fn with_flaky_broker() -> (World, Switch) {
    let broker = FlakyBroker::default();
    let switch = broker.switch.clone();
    let broker = Arc::new(broker);
    (World::with(None, Some(broker)), switch)
}

fn with_flaky_store() -> (World, Switch) {
    let store = FlakyStore::default();
    let switch = store.switch.clone();
    let store = Arc::new(store);
    (World::with(Some(store), None), switch)
}

/// Notes a job after a second.
fn slow_job(
    calls: &CallLog,
) -> impl Fn(Job) -> flow_domain::port::BoxFuture<'static, Result<(), flow_domain::Error>>
+ Send
+ Sync
+ 'static {
    let calls = calls.clone();
    move |job| {
        let calls = calls.clone();
        Box::pin(async move {
            pass_time(seconds(1)).await;
            calls.note(format!("{}{}", job.id, job.n));
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn broker_outage_of_an_hour_loses_no_message() {
    let (world, switch) = with_flaky_broker();
    let calls = CallLog::default();
    let app = world.app(doer_domain(calls.doer()));
    let engine = spawn_engine(Engine::new(app.clone()));
    pass_time(seconds(1)).await;

    switch.set_failing(true);
    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("a", 2)).await.unwrap();
    pass_time(seconds(3_600)).await;
    switch.set_failing(false);
    let recovered_at = world.elapsed_millis();
    wait_until(|| calls.len() == 2).await;

    assert_eq!(calls.lines(), ["a1", "a2"]);
    assert!(
        world.elapsed_millis() - recovered_at <= 61_000,
        "{}",
        world.elapsed_millis() - recovered_at
    );
    assert_eq!(app.health().await.unwrap().outbox, 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn broker_outage_does_not_stop_what_was_read() {
    let (world, switch) = with_flaky_broker();
    let calls = CallLog::default();
    let app = world.app(doer_domain(Doer::new(slow_job(&calls))));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("a", 2)).await.unwrap();
    pass_time(seconds(1) / 2).await;
    switch.set_failing(true);
    pass_time(seconds(20)).await;
    assert_eq!(calls.lines(), ["a1", "a2"]);
    switch.set_failing(false);
    pass_time(seconds(600)).await;

    assert_eq!(calls.lines(), ["a1", "a2"]);
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn broker_outage_at_the_start_is_waited_for() {
    let (world, switch) = with_flaky_broker();
    let calls = CallLog::default();
    let app = world.app(doer_domain(calls.doer()));
    switch.set_failing(true);
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(10)).await;
    switch.set_failing(false);
    wait_until(|| calls.len() == 1).await;

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn store_outage_loses_nothing() {
    let (world, switch) = with_flaky_store();
    let calls = CallLog::default();
    let app = world.app(doer_domain(Doer::new(slow_job(&calls))));
    let engine = spawn_engine(Engine::new(app.clone()));

    for n in 1..=3 {
        app.publish(job("a", n)).await.unwrap();
    }
    switch.set_failing(true);
    pass_time(seconds(600)).await;
    switch.set_failing(false);
    wait_until(|| calls.len() == 3).await;

    assert_eq!(calls.lines(), ["a1", "a2", "a3"]);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn store_outage_repeats_nothing_if_nobody_took_over() {
    let (world, switch) = with_flaky_store();
    let calls = CallLog::default();
    let app = world.app(reader_domain(Reader::new(slow_job(&calls))));
    let engine = spawn_engine(Engine::new(app.clone()));

    for n in 1..=3 {
        app.publish(job("a", n)).await.unwrap();
    }
    pass_time(seconds(1) / 2).await;
    switch.set_failing(true);
    pass_time(seconds(600)).await;
    switch.set_failing(false);
    pass_time(seconds(600)).await;

    assert_eq!(calls.lines(), ["a1", "a2", "a3"]);
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn adapter_panic_does_not_end_the_engine() {
    let (world, switch) = with_flaky_broker();
    let calls = CallLog::default();
    let app = world.app(doer_domain(calls.doer()));
    let engine = spawn_engine(Engine::new(app.clone()));
    app.publish(job("a", 1)).await.unwrap();
    wait_until(|| calls.len() == 1).await;

    switch.set_panicking(true);
    app.publish(job("a", 2)).await.unwrap();
    pass_time(seconds(10)).await;
    switch.set_panicking(false);
    wait_until(|| calls.len() == 2).await;

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn close_closes_the_broker_and_then_always_the_store() {
    let switch = Switch::default();
    let store = Arc::new(FlakyStore::with_switch(&switch));
    let broker = Arc::new(FlakyBroker::with_switch(&switch));
    let app = World::with(Some(store), Some(broker)).app(doer_domain(CallLog::default().doer()));

    app.close().await.unwrap();
    assert_eq!(switch.closed_adapters(), ["broker", "store"]);

    switch.set_failing(true);
    let error = app.close().await.unwrap_err();
    assert_eq!(
        switch.closed_adapters(),
        ["broker", "store", "broker", "store"]
    );
    assert_eq!(error.to_string(), "answer failed in the flaky adapter");
}

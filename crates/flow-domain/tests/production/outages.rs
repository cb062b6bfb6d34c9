//! An adapter that fails for a while does not end an engine, and nothing is lost.

use std::sync::Arc;

use flow_domain::Engine;
use pretty_assertions::assert_eq;

use crate::{
    fixture::{Doer, Heard, Job, Reader, World, doing, job, pass, reading, run, seconds, until},
    flaky::{FlakyBroker, FlakyStore, Switch},
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
fn slow(
    heard: &Heard,
) -> impl Fn(Job) -> flow_domain::port::BoxFuture<'static, Result<(), flow_domain::Error>>
+ Send
+ Sync
+ 'static {
    let heard = heard.clone();
    move |job| {
        let heard = heard.clone();
        Box::pin(async move {
            pass(seconds(1)).await;
            heard.note(format!("{}{}", job.id, job.n));
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn messages_wait_for_a_broker_that_is_away_for_an_hour() {
    let (world, switch) = with_flaky_broker();
    let heard = Heard::default();
    let app = world.app(doing(heard.doer()));
    let engine = run(Engine::new(app.clone()));
    pass(seconds(1)).await;

    switch.is_off(true);
    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("a", 2)).await.unwrap();
    pass(seconds(3_600)).await;
    switch.is_off(false);
    let back = world.millis();
    until(|| heard.len() == 2).await;

    assert_eq!(heard.lines(), ["a1", "a2"]);
    assert!(world.millis() - back <= 61_000, "{}", world.millis() - back);
    assert_eq!(app.health().await.unwrap().outbox, 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_handled_while_the_broker_went_away_is_acknowledged_when_it_is_back() {
    let (world, switch) = with_flaky_broker();
    let heard = Heard::default();
    let app = world.app(doing(Doer::new(slow(&heard))));
    let engine = run(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("a", 2)).await.unwrap();
    pass(seconds(1) / 2).await;
    switch.is_off(true);
    pass(seconds(20)).await;
    assert_eq!(heard.lines(), ["a1"]);
    switch.is_off(false);
    pass(seconds(600)).await;

    assert_eq!(heard.lines(), ["a1", "a2"]);
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_starts_before_its_broker_waits_for_it() {
    let (world, switch) = with_flaky_broker();
    let heard = Heard::default();
    let app = world.app(doing(heard.doer()));
    switch.is_off(true);
    let engine = run(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    pass(seconds(10)).await;
    switch.is_off(false);
    until(|| heard.len() == 1).await;

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_the_store_is_away() {
    let (world, switch) = with_flaky_store();
    let heard = Heard::default();
    let app = world.app(doing(Doer::new(slow(&heard))));
    let engine = run(Engine::new(app.clone()));

    for n in 1..=3 {
        app.publish(job("a", n)).await.unwrap();
    }
    switch.is_off(true);
    pass(seconds(600)).await;
    switch.is_off(false);
    until(|| heard.len() == 3).await;

    assert_eq!(heard.lines(), ["a1", "a2", "a3"]);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_the_store_goes_on_at_its_checkpoint_when_the_store_is_back() {
    let (world, switch) = with_flaky_store();
    let heard = Heard::default();
    let app = world.app(reading(Reader::new(slow(&heard))));
    let engine = run(Engine::new(app.clone()));

    for n in 1..=3 {
        app.publish(job("a", n)).await.unwrap();
    }
    pass(seconds(1) / 2).await;
    switch.is_off(true);
    pass(seconds(600)).await;
    switch.is_off(false);
    pass(seconds(600)).await;

    // That it handled the first could not be written down, so it came again.
    assert_eq!(heard.lines(), ["a1", "a1", "a2", "a3"]);
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_does_not_end_the_engine() {
    let (world, switch) = with_flaky_broker();
    let heard = Heard::default();
    let app = world.app(doing(heard.doer()));
    let engine = run(Engine::new(app.clone()));
    app.publish(job("a", 1)).await.unwrap();
    until(|| heard.len() == 1).await;

    switch.panics(true);
    app.publish(job("a", 2)).await.unwrap();
    pass(seconds(10)).await;
    switch.panics(false);
    until(|| heard.len() == 2).await;

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_broker_is_closed_before_the_store_and_the_store_in_any_case() {
    let switch = Switch::default();
    let store = Arc::new(FlakyStore::with(&switch));
    let broker = Arc::new(FlakyBroker::with(&switch));
    let app = World::with(Some(store), Some(broker)).app(doing(Heard::default().doer()));

    app.close().await.unwrap();
    assert_eq!(switch.closed(), ["broker", "store"]);

    switch.is_off(true);
    let error = app.close().await.unwrap_err();
    assert_eq!(switch.closed(), ["broker", "store", "broker", "store"]);
    assert_eq!(error.to_string(), "answer failed in the flaky adapter");
}

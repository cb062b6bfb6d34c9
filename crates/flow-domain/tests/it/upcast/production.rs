//! Engines in the background during a deployment.

use flow_domain::{Engine, handler::Source};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{World, pass_time, seconds, spawn_engine, wait_until},
    upcast::{
        fixture::{Clerk, append, paid_v2, paid_v4, received, upcasting_invoices},
        newer::tomorrow,
    },
};

async fn check_deployment(source: Source) {
    let (world, calls) = (World::new(), CallLog::default());
    let old = world.app(upcasting_invoices(source).event_handler(Clerk(calls.clone())));
    append(
        &old,
        &[
            received("1", 5),
            paid_v4("1"),
            paid_v2("1", 6),
            received("2", 7),
        ],
    )
    .await;

    let old_engine = spawn_engine(Engine::new(old.clone()));
    wait_until(|| calls.len() == 2).await;
    pass_time(seconds(100)).await;

    assert_eq!(
        calls.take(),
        ["1 5 EUR (Shop.Received.v1)", "2 7 EUR (Shop.Received.v1)"]
    );
    let health = old.health().await.unwrap();
    let clerk = health.subscription("Clerk").unwrap();
    assert_eq!((clerk.lag, clerk.paused_streams), (2, 1));
    assert_eq!((clerk.handled, clerk.failed), (2, 0));
    assert_eq!((health.dead_letters, clerk.retried), (0, 0));

    old_engine.stop().await;
    let new = world.app(tomorrow::invoices(source, &calls));
    let new_engine = spawn_engine(Engine::new(new.clone()));
    wait_until(|| calls.len() == 2).await;

    assert_eq!(calls.take(), ["1 1 CHF false", "1 6 USD true"]);
    pass_time(seconds(1)).await;
    assert_eq!(new.health().await.unwrap().lag(), 0);
    assert_eq!(old.health().await.unwrap().dead_letters, 0);
    new_engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn newer_events_from_the_broker_wait_for_the_deployment() {
    check_deployment(Source::Broker).await;
}

#[tokio::test(start_paused = true)]
async fn newer_events_from_the_store_wait_for_the_deployment() {
    check_deployment(Source::EventStore).await;
}

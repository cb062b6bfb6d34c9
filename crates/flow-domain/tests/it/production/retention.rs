//! Old rows of the outbox are deleted.

use flow_domain::{Engine, port::OutboxState};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{World, doer_domain, job, pass_time, seconds, spawn_engine},
};

async fn n_published(world: &World) -> usize {
    let rows = world.store.rows(&[OutboxState::Published], 100).await;
    rows.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn retention_of_published_rows_is_a_week() {
    let world = World::new();
    let app = world.app(doer_domain(CallLog::default().doer()));
    // With a long poll interval the test runs faster.
    let engine = spawn_engine(Engine::new(app.clone()).poll_interval(seconds(60)));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(7 * 24 * 3_600)).await;
    assert_eq!(n_published(&world).await, 1);
    pass_time(seconds(120)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retention_of_published_rows_can_be_set() {
    let world = World::new();
    let app = world.app(doer_domain(CallLog::default().doer()));
    let engine = spawn_engine(Engine::new(app.clone()).keep_published(seconds(3_600)));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(3_600 + 120)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

//! What is old is forgotten.

use flow_domain::{Engine, port::OutboxState};
use pretty_assertions::assert_eq;

use crate::fixture::{Heard, World, doing, job, pass, run, seconds};

async fn n_published(world: &World) -> usize {
    let rows = world.store.rows(&[OutboxState::Published], 100).await;
    rows.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn what_was_published_is_kept_for_a_week() {
    let world = World::new();
    let app = world.app(doing(Heard::default().doer()));
    // What is looked at seldom takes less of the test's time.
    let engine = run(Engine::new(app.clone()).poll_interval(seconds(60)));

    app.publish(job("a", 1)).await.unwrap();
    pass(seconds(7 * 24 * 3_600)).await;
    assert_eq!(n_published(&world).await, 1);
    pass(seconds(120)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_it_is_kept_can_be_said() {
    let world = World::new();
    let app = world.app(doing(Heard::default().doer()));
    let engine = run(Engine::new(app.clone()).keep_published(seconds(3_600)));

    app.publish(job("a", 1)).await.unwrap();
    pass(seconds(3_600 + 120)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

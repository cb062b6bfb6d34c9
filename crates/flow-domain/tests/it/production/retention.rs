//! Old data is deleted: rows of the outbox, messages of topics, and what inboxes remember.

use std::{future::pending, sync::Arc, time::Duration};

use flow_domain::{
    Engine, Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    message::{MessageKind, Processing},
    port::OutboxState,
    record::{Table, TableKind},
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{
        Doer, Job, World, doer_domain, job, machine_failure, pass_time, reader_domain, seconds,
        spawn_engine,
    },
};

async fn n_published(world: &World) -> usize {
    let rows = world.store.rows(&[OutboxState::Published], 100).await;
    rows.unwrap().len()
}

/// Counts the messages of the topic of jobs.
async fn n_in_topic(world: &World) -> usize {
    world.n_in_topic("job", MessageKind::Event).await
}

async fn n_in_inbox(world: &World) -> usize {
    let inbox = Table::new(TableKind::Inbox, "Doer");
    world.store.count(inbox, &[]).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn retention_of_published_rows_is_a_minute() {
    let world = World::new();
    let app = world.app(doer_domain(CallLog::default().doer()));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(55)).await;
    assert_eq!(n_published(&world).await, 1);
    pass_time(seconds(20)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retention_of_published_rows_can_be_set() {
    let world = World::new();
    let app = world.app(doer_domain(CallLog::default().doer()));
    let engine = spawn_engine(Engine::new(app.clone()).keep_published(seconds(3_600)));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(3_590)).await;
    assert_eq!(n_published(&world).await, 1);
    pass_time(seconds(30)).await;
    assert_eq!(n_published(&world).await, 0);

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retention_of_inboxes_is_a_day() {
    let world = World::new();
    let domain = doer_domain(CallLog::default().doer()).subscriptions(|on| {
        on.once();
    });
    let app = world.app(domain);
    // With a long poll interval the test runs faster.
    let engine = spawn_engine(Engine::new(app.clone()).poll_interval(seconds(60)));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(24 * 3_600 - 10)).await;
    assert_eq!(n_in_inbox(&world).await, 1);
    pass_time(seconds(30)).await;
    assert_eq!(n_in_inbox(&world).await, 0);

    engine.stop().await;
}

/// Nothing runs in the background, so the app has to ask for it.
#[tokio::test(start_paused = true)]
async fn retention_without_an_engine_is_a_call() {
    let world = World::new();
    let domain = doer_domain(CallLog::default().doer()).subscriptions(|on| {
        on.once();
    });
    let app = world.app_with(domain, Processing::Sync);
    app.publish((job("a", 1), job("b", 2))).await.unwrap();

    pass_time(seconds(24 * 3_600 - 10)).await;
    assert_eq!(app.clean_up().await.unwrap(), 0);
    assert_eq!(n_in_inbox(&world).await, 2);

    pass_time(seconds(10)).await;
    assert_eq!(app.clean_up().await.unwrap(), 2);
    assert_eq!(n_in_inbox(&world).await, 0);
}

#[tokio::test(start_paused = true)]
async fn removed_subscription_is_remembered_until_a_call() {
    let world = World::new();
    let calls = CallLog::default();
    let with_doer = || world.app(doer_domain(calls.doer()));
    let run_for_a_second = async || {
        let engine = spawn_engine(Engine::new(with_doer()));
        pass_time(seconds(1)).await;
        engine.stop().await;
    };
    with_doer().publish(job("a", 1)).await.unwrap();
    run_for_a_second().await;
    let err = with_doer().forget_subscription("Doer").await.unwrap_err();
    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the domain has the subscription `Doer`, so it cannot be forgotten: remove its handler first");

    run_for_a_second().await;
    assert_eq!(calls.lines(), ["a1"], "it goes on where it was");
    let app = world.app(reader_domain(calls.reader()));
    assert!(app.forget_subscription("Doer").await.unwrap());
    assert!(!app.forget_subscription("Doer").await.unwrap());
    run_for_a_second().await;
    assert_eq!(calls.lines(), ["a1", "a1"], "it begins as a new one");
}

/// A dead engine may have handled a message and not saved it. The new one handles it again, and must
/// know that, however long nothing ran in between.
#[tokio::test(start_paused = true)]
async fn retention_of_inboxes_begins_a_minute_after_the_start() {
    let world = World::new();
    let domain = || {
        doer_domain(CallLog::default().doer()).subscriptions(|on| {
            on.once();
        })
    };
    let engine = spawn_engine(Engine::new(world.app(domain())));
    world.app(domain()).publish(job("a", 1)).await.unwrap();
    pass_time(seconds(1)).await;
    engine.kill().await;
    pass_time(seconds(48 * 3_600)).await;

    let engine = spawn_engine(Engine::new(world.app(domain())));
    pass_time(seconds(55)).await;
    assert_eq!(n_in_inbox(&world).await, 1);
    pass_time(seconds(20)).await;
    assert_eq!(n_in_inbox(&world).await, 0);

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retention_of_topics_is_forever_by_default() {
    let world = World::new();
    let app = world.app(doer_domain(CallLog::default().doer()));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(3_600)).await;
    assert_eq!(n_in_topic(&world).await, 1);

    engine.stop().await;
}

/// The message that waits is delivered in the end, although the engine that had read it has died.
#[tokio::test(start_paused = true)]
async fn trimmed_topic_keeps_what_waits_for_a_retry() {
    let world = World::new();
    let calls = CallLog::default();
    let works_at = world.clock.now() + seconds(200);
    let domain = || {
        let (calls, clock) = (calls.clone(), Arc::clone(&world.clock));
        let doer = Doer::new(move |job: Job| {
            let is_broken = job.id == "a" && clock.now() < works_at;
            let calls = calls.clone();
            async move {
                if is_broken {
                    return Err(machine_failure());
                }
                calls.note(format!("{}{}", job.id, job.n));
                Ok(())
            }
        });
        doer_domain(doer).subscriptions(|on| {
            on.retry(RetryPolicy::attempts(100).longest_delay(seconds(5)))
                .circuit_breaker(None);
        })
    };
    let trimming = || spawn_engine(Engine::new(world.app(domain())).trim_topics(true));
    let engine = trimming();

    let app = world.app(domain());
    app.publish((job("b", 0), job("a", 1), job("b", 2)))
        .await
        .unwrap();
    pass_time(seconds(100)).await;
    assert_eq!(
        n_in_topic(&world).await,
        2,
        "`a1` waits, and `b2` is behind it in the log"
    );
    engine.kill().await;
    let engine = trimming();
    pass_time(seconds(200)).await;
    assert_eq!(calls.lines(), ["b0", "b2", "a1"]);
    assert_eq!(n_in_topic(&world).await, 0);

    engine.stop().await;
}

/// A handler that never ends.
struct Stuck;

impl EventHandler for Stuck {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
        on.subscription().time_limit(seconds(3_600));
    }
}

impl Stuck {
    async fn on_job(&self, _: Job, _work: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn trimmed_topic_keeps_what_one_group_has_not_settled() {
    let world = World::new();
    let calls = CallLog::default();
    let domain = doer_domain(calls.doer()).event_handler(Stuck);
    let app = world.app(domain);
    let engine = Engine::new(app.clone()).grace(Duration::ZERO);
    let engine = spawn_engine(engine.trim_topics(true));

    app.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(60)).await;
    assert_eq!(calls.lines(), ["a1"]);
    assert_eq!(n_in_topic(&world).await, 1);

    engine.stop().await;
}

//! Several engines share a store and a broker, and take over the work of an engine that died.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use flow_domain::{Engine, Error, RetryPolicy};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::{
        fixture::{
            Doer, Job, Reader, World, doer_domain, job, machine_failure, pass_time, reader_domain,
            seconds, spawn_engine, wait_until,
        },
        flaky_adapters::{FlakyStore, Switch},
    },
};

async fn run_job(name: &'static str, calls: CallLog, job: Job) -> Result<(), Error> {
    calls.note(format!("{name} began {}{}", job.id, job.n));
    pass_time(seconds(2)).await;
    calls.note(format!("{name} ended {}{}", job.id, job.n));
    Ok(())
}

fn doer_engine(world: &World, name: &'static str, calls: &CallLog) -> Engine {
    let calls = calls.clone();
    let doer = Doer::new(move |job| run_job(name, calls.clone(), job));
    Engine::new(world.app(doer_domain(doer).subscriptions(|on| {
        on.time_limit(seconds(10));
    })))
}

fn reader_engine(world: &World, name: &'static str, calls: &CallLog) -> Engine {
    let calls = calls.clone();
    Engine::new(world.app(reader_domain(Reader::new(move |job| {
        run_job(name, calls.clone(), job)
    }))))
}

#[tokio::test(start_paused = true)]
async fn dead_engine_is_replaced_after_its_lease() {
    let world = World::new();
    let calls = CallLog::default();
    let publisher = world.app(doer_domain(calls.doer()));
    publisher
        .publish(vec![job("a", 1), job("a", 2)])
        .await
        .unwrap();
    let first = spawn_engine(doer_engine(&world, "first", &calls));
    wait_until(|| calls.len() == 1).await;
    first.kill().await;

    let second = spawn_engine(doer_engine(&world, "second", &calls));
    wait_until(|| calls.len() == 5).await;

    assert_eq!(
        calls.lines(),
        [
            "first began a1",
            "second began a1",
            "second ended a1",
            "second began a2",
            "second ended a2"
        ]
    );
    assert!(
        (14_000..17_000).contains(&world.elapsed_millis()),
        "{}",
        world.elapsed_millis()
    );
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn late_answer_to_a_turn_starts_no_message() {
    let world = World::new();
    let switch = Switch::default();
    switch.set_late_turns(true);
    let late_world = World {
        store: Arc::new(FlakyStore::over(Arc::clone(&world.store), &switch)),
        ..world.clone()
    };
    let calls = CallLog::default();
    let publisher = world.app(doer_domain(calls.doer()));
    publisher.publish(job("a", 1)).await.unwrap();

    // Its lease ends after ten seconds, and it learns of the lease after fifteen.
    let late = spawn_engine(doer_engine(&late_world, "late", &calls));
    pass_time(seconds(11)).await;
    let punctual = spawn_engine(doer_engine(&world, "punctual", &calls));
    pass_time(seconds(30)).await;

    assert_eq!(calls.lines(), ["punctual began a1", "punctual ended a1"]);
    late.kill().await;
    punctual.stop().await;
}

#[tokio::test(start_paused = true)]
async fn store_subscription_moves_to_another_engine_after_a_crash() {
    let world = World::new();
    let calls = CallLog::default();
    let publisher = world.app(reader_domain(calls.reader()));
    publisher
        .publish(vec![job("a", 1), job("b", 1)])
        .await
        .unwrap();
    let first = spawn_engine(reader_engine(&world, "first", &calls));
    wait_until(|| calls.len() == 1).await;
    let second = spawn_engine(reader_engine(&world, "second", &calls));
    wait_until(|| calls.len() == 3).await;
    // The ledger is saved a moment after the first job.
    pass_time(Duration::from_millis(100)).await;
    first.kill().await;

    pass_time(seconds(600)).await;

    assert_eq!(
        calls.lines(),
        [
            "first began a1",
            "first ended a1",
            "first began b1",
            "second began b1",
            "second ended b1"
        ]
    );
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn store_lease_is_renewed_while_a_handler_is_slow() {
    let world = World::new();
    let calls = CallLog::default();
    let engine = |name: &'static str| {
        let calls = calls.clone();
        let reader = Reader::new(move |job: Job| {
            let calls = calls.clone();
            async move {
                pass_time(seconds(100)).await;
                calls.note(format!("{name} {}{}", job.id, job.n));
                Ok(())
            }
        });
        Engine::new(world.app(reader_domain(reader).subscriptions(|on| {
            on.time_limit(seconds(200));
        })))
    };
    world
        .app(reader_domain(calls.reader()))
        .publish(job("a", 1))
        .await
        .unwrap();
    let first = spawn_engine(engine("first"));
    pass_time(Duration::from_millis(10)).await;
    let second = spawn_engine(engine("second"));

    pass_time(seconds(400)).await;

    assert_eq!(calls.lines(), ["first a1"]);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn message_released_untried_does_not_count_as_an_attempt() {
    let world = World::new();
    let calls = CallLog::default();
    let (noted, n_last) = (calls.clone(), Arc::new(AtomicU32::new(0)));
    let doer = Doer::new(move |job: Job| {
        let (noted, n_last) = (noted.clone(), Arc::clone(&n_last));
        async move {
            pass_time(seconds(9)).await;
            if job.n == 19 && n_last.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(machine_failure());
            }
            noted.note(job.id);
            Ok(())
        }
    });
    let app = world.app(doer_domain(doer).subscriptions(|on| {
        on.time_limit(seconds(10)).retry(RetryPolicy::attempts(2));
    }));
    for n in 0..20 {
        app.publish(job(format!("job-{n}"), n)).await.unwrap();
    }
    let reads_all = spawn_engine(Engine::new(app.clone()));
    pass_time(seconds(1)).await;
    let is_idle = spawn_engine(Engine::new(app.clone()));

    pass_time(seconds(600)).await;

    assert_eq!(calls.len(), 20, "each once");
    assert!(app.dead_letters().all().await.unwrap().is_empty());
    reads_all.stop().await;
    is_idle.stop().await;
}

#[tokio::test(start_paused = true)]
async fn engines_share_the_streams_when_one_joins() {
    let world = World::new();
    let calls = CallLog::default();
    let first = spawn_engine(doer_engine(&world, "first", &calls));
    pass_time(seconds(1)).await;
    let second = spawn_engine(doer_engine(&world, "second", &calls));
    pass_time(seconds(6)).await;

    let publisher = world.app(doer_domain(CallLog::default().doer()));
    let jobs: Vec<Job> = (0..40).map(|n| job(format!("s{n}"), n)).collect();
    publisher.publish(jobs).await.unwrap();
    wait_until(|| calls.len() == 80).await;

    let lines = calls.lines();
    let n_first = lines
        .iter()
        .filter(|line| line.starts_with("first"))
        .count();
    assert!((20..60).contains(&n_first), "{n_first} of 80");
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn store_subscription_handles_streams_side_by_side() {
    let world = World::new();
    let calls = CallLog::default();
    let noted = calls.clone();
    let reader = Reader::new(move |job| run_job("it", noted.clone(), job));
    let app = world.app(reader_domain(reader).subscriptions(|on| {
        on.concurrency(4);
    }));
    let jobs: Vec<Job> = (0..4).map(|n| job(format!("s{n}"), n)).collect();
    app.publish(jobs).await.unwrap();

    let engine = spawn_engine(Engine::new(app));
    wait_until(|| calls.len() == 8).await;

    assert_eq!(world.elapsed_millis() / 100, 20, "as long as one of them");
    engine.stop().await;
}

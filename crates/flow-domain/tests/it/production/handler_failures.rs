//! A failing handler fails only its own delivery.

use std::{future::pending, sync::Arc, time::Duration};

use flow_domain::{
    Delivery, Domain, Engine, Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    handler::CircuitBreaker,
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{
        Doer, Job, Reader, World, doer_domain, job, machine_failure, pass_time, reader_domain,
        seconds, spawn_engine, wait_until,
    },
};

/// Notes each job with its time in tenths of a second, and fails for the job `bad`.
fn fail_bad_jobs(
    world: &World,
    calls: &CallLog,
) -> impl Fn(Job) -> JobResult + Send + Sync + 'static {
    let (world, calls) = (world.clone(), calls.clone());
    move |job| {
        let (world, calls) = (world.clone(), calls.clone());
        Box::pin(async move {
            calls.note(format!(
                "{}{} at {}",
                job.id,
                job.n,
                world.elapsed_millis() / 100
            ));
            if job.id == "bad" {
                Err(machine_failure())
            } else {
                Ok(())
            }
        })
    }
}

type JobResult = flow_domain::port::BoxFuture<'static, Result<(), Error>>;

fn retry_policy() -> RetryPolicy {
    RetryPolicy::attempts(4).jitter_percent(0)
}

#[tokio::test(start_paused = true)]
async fn failing_message_is_retried_and_then_dead_lettered() {
    let world = World::new();
    let calls = CallLog::default();
    let domain = doer_domain(Doer::new(fail_bad_jobs(&world, &calls)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(retry_policy());
    }));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    pass_time(seconds(60)).await;

    assert_eq!(
        calls.lines(),
        ["bad1 at 0", "bad1 at 10", "bad1 at 30", "bad1 at 70"]
    );
    let letters = app.dead_letters().all().await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 4));
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failing_store_event_is_retried_and_then_dead_lettered() {
    let world = World::new();
    let calls = CallLog::default();
    let domain = reader_domain(Reader::new(fail_bad_jobs(&world, &calls)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(retry_policy());
    }));
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    pass_time(seconds(60)).await;

    assert_eq!(
        calls.lines(),
        [
            "bad1 at 0",
            "good1 at 0",
            "bad1 at 10",
            "bad1 at 30",
            "bad1 at 70"
        ]
    );
    assert_eq!(app.dead_letters().all().await.unwrap().len(), 1);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failing_message_blocks_only_its_stream() {
    let world = World::new();
    let calls = CallLog::default();
    let domain = doer_domain(Doer::new(fail_bad_jobs(&world, &calls)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(retry_policy()).concurrency(2);
    }));
    for n in 1..=2 {
        app.publish(job("bad", n)).await.unwrap();
        app.publish(job("good", n)).await.unwrap();
    }
    let engine = spawn_engine(Engine::new(app.clone()));
    pass_time(seconds(60)).await;

    let lines = calls.lines();
    let of = |id: &str| -> Vec<String> {
        lines
            .iter()
            .filter(|line| line.starts_with(id))
            .cloned()
            .collect()
    };
    assert_eq!(of("good"), ["good1 at 0", "good2 at 0"]);
    assert_eq!(
        of("bad"),
        [
            "bad1 at 0",
            "bad1 at 10",
            "bad1 at 30",
            "bad1 at 70",
            "bad2 at 70",
            "bad2 at 80",
            "bad2 at 100",
            "bad2 at 140"
        ]
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn panicking_handler_fails_only_its_delivery() {
    let world = World::new();
    let calls = CallLog::default();
    let noted = calls.clone();
    let app = world.app(
        doer_domain(Doer::new(move |job: Job| {
            let noted = noted.clone();
            async move {
                assert!(job.id != "bad", "this job is bad");
                noted.note(job.id);
                Ok(())
            }
        }))
        .subscriptions(|on| {
            on.retry(RetryPolicy::never());
        }),
    );
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    wait_until(|| calls.len() == 1).await;

    let letters = app.dead_letters().all().await.unwrap();
    assert!(
        letters[0].reason.contains("this job is bad"),
        "{}",
        letters[0].reason
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn hanging_handler_is_aborted_at_its_time_limit() {
    let world = World::new();
    let calls = CallLog::default();
    let noted = calls.clone();
    let app = world.app(
        doer_domain(Doer::new(move |job: Job| {
            let noted = noted.clone();
            async move {
                if job.id == "bad" {
                    pending::<()>().await;
                }
                noted.note(job.id);
                Ok(())
            }
        }))
        .subscriptions(|on| {
            on.retry(RetryPolicy::never()).time_limit(seconds(5));
        }),
    );
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    wait_until(|| calls.len() == 1).await;

    assert_eq!(world.elapsed_millis() / 100, 50);
    let letters = app.dead_letters().all().await.unwrap();
    assert_eq!(letters[0].reason, "Doer took longer than 5s");
    engine.stop().await;
}

/// Fails, and its `handle_error` never returns.
struct Brooding(CallLog);

impl EventHandler for Brooding {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
        on.subscription()
            .retry(RetryPolicy::never())
            .time_limit(seconds(5));
    }

    async fn handle_error(&self, _: &Error, _: &Delivery) -> Result<(), Error> {
        pending().await
    }
}

impl Brooding {
    async fn on_job(&self, job: Job, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(job.id);
        Err(machine_failure())
    }
}

#[tokio::test(start_paused = true)]
async fn hanging_handle_error_is_aborted_at_its_time_limit() {
    let world = World::new();
    let calls = CallLog::default();
    let app = world.app(
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_handler(Brooding(calls.clone())),
    );
    let engine = spawn_engine(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("b", 1)).await.unwrap();
    wait_until(|| calls.len() == 2).await;
    pass_time(seconds(10)).await;

    assert_eq!(app.dead_letters().all().await.unwrap().len(), 2);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn dead_letter_is_replayed_by_one_of_two_engines() {
    let world = World::new();
    let calls = CallLog::default();
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let app = || {
        let (calls, fails) = (calls.clone(), Arc::clone(&fails));
        let doer = Doer::new(move |job: Job| {
            let (calls, fails) = (calls.clone(), Arc::clone(&fails));
            async move {
                pass_time(seconds(1)).await;
                calls.note(job.id);
                let fails = fails.load(std::sync::atomic::Ordering::Relaxed);
                if fails {
                    Err(machine_failure())
                } else {
                    Ok(())
                }
            }
        });
        world.app(doer_domain(doer).subscriptions(|on| {
            on.retry(RetryPolicy::never());
        }))
    };
    let (one, two) = (app(), app());
    let engines = [
        spawn_engine(Engine::new(one.clone())),
        spawn_engine(Engine::new(two)),
    ];
    one.publish(job("a", 1)).await.unwrap();
    pass_time(seconds(10)).await;
    assert_eq!(one.dead_letters().all().await.unwrap().len(), 1);
    fails.store(false, std::sync::atomic::Ordering::Relaxed);

    one.dead_letters().replay_all().await.unwrap();
    pass_time(seconds(300)).await;

    assert_eq!(calls.lines(), ["a", "a"]);
    assert!(one.dead_letters().all().await.unwrap().is_empty());
    for engine in engines {
        engine.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn failing_subscription_pauses_then_tries_one_message() {
    let world = World::new();
    let calls = CallLog::default();
    let (clock, noted) = (world.clone(), calls.clone());
    let doer = Doer::new(move |_: Job| {
        noted.note((clock.elapsed_millis() / 1_000).to_string());
        async { Err(machine_failure()) }
    });
    let app = world.app(doer_domain(doer).subscriptions(|on| {
        on.retry(RetryPolicy::never())
            .concurrency(2)
            .circuit_breaker(Some(CircuitBreaker {
                threshold: 2,
                pause: seconds(60),
            }));
    }));
    for n in 0..10 {
        app.publish(job(format!("job-{n}"), 1)).await.unwrap();
    }
    let engine = spawn_engine(Engine::new(app.clone()));

    pass_time(Duration::from_secs(150)).await;

    assert_eq!(calls.lines(), ["0", "0", "60", "120"]);
    let health = app.health().await.unwrap();
    assert!(health.subscription("Doer").unwrap().paused_until.is_some());
    engine.stop().await;
}

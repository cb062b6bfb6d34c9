//! A handler that fails takes down its delivery, and nothing else.

use std::{future::pending, sync::Arc, time::Duration};

use flow_domain::{
    Delivery, Domain, Engine, Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    handler::CircuitBreaker,
};
use pretty_assertions::assert_eq;

use crate::fixture::{
    Doer, Heard, Job, Reader, World, doing, job, out_of_order, pass, reading, run, seconds, until,
};

/// Fails on `bad`, and notes when it was tried.
fn fussy(world: &World, heard: &Heard) -> impl Fn(Job) -> Attempt + Send + Sync + 'static {
    let (world, heard) = (world.clone(), heard.clone());
    move |job| {
        let (world, heard) = (world.clone(), heard.clone());
        Box::pin(async move {
            heard.note(format!("{}{} at {}", job.id, job.n, world.millis() / 100));
            if job.id == "bad" {
                Err(out_of_order())
            } else {
                Ok(())
            }
        })
    }
}

type Attempt = flow_domain::port::BoxFuture<'static, Result<(), Error>>;

fn patient() -> RetryPolicy {
    RetryPolicy::attempts(4).jitter_percent(0)
}

#[tokio::test(start_paused = true)]
async fn a_message_is_tried_again_later_and_later_and_then_kept() {
    let world = World::new();
    let heard = Heard::default();
    let domain = doing(Doer::new(fussy(&world, &heard)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(patient());
    }));
    let engine = run(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    pass(seconds(60)).await;

    assert_eq!(
        heard.lines(),
        ["bad1 at 0", "bad1 at 10", "bad1 at 30", "bad1 at 70"]
    );
    let letters = app.dead_letters().all().await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 4));
    assert_eq!(app.health().await.unwrap().lag(), 0);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn from_the_event_store_it_is_the_same() {
    let world = World::new();
    let heard = Heard::default();
    let domain = reading(Reader::new(fussy(&world, &heard)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(patient());
    }));
    let engine = run(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    pass(seconds(60)).await;

    assert_eq!(
        heard.lines(),
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
async fn a_message_that_fails_holds_up_its_own_stream_and_no_other() {
    let world = World::new();
    let heard = Heard::default();
    let domain = doing(Doer::new(fussy(&world, &heard)));
    let app = world.app(domain.subscriptions(|on| {
        on.retry(patient()).concurrency(2);
    }));
    for n in 1..=2 {
        app.publish(job("bad", n)).await.unwrap();
        app.publish(job("good", n)).await.unwrap();
    }
    let engine = run(Engine::new(app.clone()));
    pass(seconds(60)).await;

    let lines = heard.lines();
    let of = |id: &str| -> Vec<String> {
        let lines = lines.iter().filter(|line| line.starts_with(id));
        lines.cloned().collect()
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
async fn a_handler_that_panics_fails_its_delivery_and_not_the_engine() {
    let world = World::new();
    let heard = Heard::default();
    let good = heard.clone();
    let app = world.app(
        doing(Doer::new(move |job: Job| {
            let good = good.clone();
            async move {
                assert!(job.id != "bad", "this job is bad");
                good.note(job.id);
                Ok(())
            }
        }))
        .subscriptions(|on| {
            on.retry(RetryPolicy::never());
        }),
    );
    let engine = run(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    until(|| heard.len() == 1).await;

    let letters = app.dead_letters().all().await.unwrap();
    assert!(
        letters[0].reason.contains("this job is bad"),
        "{}",
        letters[0].reason
    );
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_returns_is_broken_off_at_its_time_limit() {
    let world = World::new();
    let heard = Heard::default();
    let good = heard.clone();
    let app = world.app(
        doing(Doer::new(move |job: Job| {
            let good = good.clone();
            async move {
                if job.id == "bad" {
                    pending::<()>().await;
                }
                good.note(job.id);
                Ok(())
            }
        }))
        .subscriptions(|on| {
            on.retry(RetryPolicy::never()).time_limit(seconds(5));
        }),
    );
    let engine = run(Engine::new(app.clone()));

    app.publish(job("bad", 1)).await.unwrap();
    app.publish(job("good", 1)).await.unwrap();
    until(|| heard.len() == 1).await;

    assert_eq!(world.millis() / 100, 50);
    let letters = app.dead_letters().all().await.unwrap();
    assert_eq!(letters[0].reason, "Doer took longer than 5s");
    engine.stop().await;
}

/// Fails, and never gets over it.
struct Brooding(Heard);

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
        Err(out_of_order())
    }
}

#[tokio::test(start_paused = true)]
async fn handle_error_that_never_returns_is_broken_off_too() {
    let world = World::new();
    let heard = Heard::default();
    let app = world.app(
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_handler(Brooding(heard.clone())),
    );
    let engine = run(Engine::new(app.clone()));

    app.publish(job("a", 1)).await.unwrap();
    app.publish(job("b", 1)).await.unwrap();
    until(|| heard.len() == 2).await;
    pass(seconds(10)).await;

    assert_eq!(app.dead_letters().all().await.unwrap().len(), 2);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_replayed_by_one_of_two_engines() {
    let world = World::new();
    let heard = Heard::default();
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let app = || {
        let (heard, fails) = (heard.clone(), Arc::clone(&fails));
        let doer = Doer::new(move |job: Job| {
            let (heard, fails) = (heard.clone(), Arc::clone(&fails));
            async move {
                pass(seconds(1)).await;
                heard.note(job.id);
                let fails = fails.load(std::sync::atomic::Ordering::Relaxed);
                if fails { Err(out_of_order()) } else { Ok(()) }
            }
        });
        world.app(doing(doer).subscriptions(|on| {
            on.retry(RetryPolicy::never());
        }))
    };
    let (one, two) = (app(), app());
    let engines = [run(Engine::new(one.clone())), run(Engine::new(two))];
    one.publish(job("a", 1)).await.unwrap();
    pass(seconds(10)).await;
    assert_eq!(one.dead_letters().all().await.unwrap().len(), 1);
    fails.store(false, std::sync::atomic::Ordering::Relaxed);

    one.dead_letters().replay_all().await.unwrap();
    pass(seconds(300)).await;

    assert_eq!(heard.lines(), ["a", "a"]);
    assert!(one.dead_letters().all().await.unwrap().is_empty());
    for engine in engines {
        engine.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_only_fails_pauses_and_tries_one_message_after_that() {
    let world = World::new();
    let heard = Heard::default();
    let (clock, noted) = (world.clone(), heard.clone());
    let doer = Doer::new(move |_: Job| {
        noted.note((clock.millis() / 1_000).to_string());
        async { Err(out_of_order()) }
    });
    let app = world.app(doing(doer).subscriptions(|on| {
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
    let engine = run(Engine::new(app.clone()));

    pass(Duration::from_secs(150)).await;

    assert_eq!(heard.lines(), ["0", "0", "60", "120"]);
    let health = app.health().await.unwrap();
    assert!(health.of("Doer").unwrap().paused_until.is_some());
    engine.stop().await;
}

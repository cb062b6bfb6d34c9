//! Inline handling that is cut off after the commit: a process dies, or a caller drops the future.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flow_domain::{
    App, Domain, Engine, Error, Event, EventHandler, EventRoutes, UnitOfWork, message::Processing,
    port::OutboxState, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{CallLog, build},
    production::fixture::{
        Doer, Job, World, doer_domain, job, machine_failure, pass_time, seconds, spawn_engine,
    },
    production::rebuild::{JobCount, JobCounter, count_of},
};

/// A time in which each command of these tests ends, unless it is cut off.
const INLINE_TIME: Duration = Duration::from_secs(300);

/// Makes an app that handles events inline, and finds those that were cut off.
fn app(world: &World, domain: DomainBuilder) -> App {
    App::builder(build(domain))
        .shared_store(Arc::clone(&world.store))
        .shared_broker(Arc::clone(&world.broker))
        .clock(Arc::clone(&world.clock))
        .recover_inline_after(INLINE_TIME)
        .start()
}

/// Publishes a job to an app that dies after ten seconds.
async fn publish_and_die(app: &App, job: Job) {
    let published = tokio::time::timeout(seconds(10), app.publish(job)).await;
    assert!(published.is_err(), "the handler hangs");
}

/// Returns a handler that hangs while `hangs` is set.
fn hanging_doer(calls: &CallLog, hangs: &Arc<AtomicBool>) -> Doer {
    let (calls, hangs) = (calls.clone(), Arc::clone(hangs));
    Doer::new(move |job| {
        let (calls, hangs) = (calls.clone(), hangs.load(Ordering::Relaxed));
        async move {
            if hangs {
                pending::<()>().await;
            }
            calls.note(format!("{}{}", job.id, job.n));
            Ok(())
        }
    })
}

async fn process_due(app: &App) {
    let result = app.process_due().await.unwrap();
    assert!(result.failures.is_empty() && result.stall.is_none());
}

async fn n_cut_off(app: &App) -> usize {
    app.health().await.unwrap().cut_off
}

async fn n_open_rows(world: &World) -> usize {
    let open = [
        OutboxState::Pending,
        OutboxState::Processing,
        OutboxState::Failed,
    ];
    world.store.rows(&open, 100).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn cut_off_event_is_seen_and_handled_by_a_call() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    publish_and_die(
        &app(&world, doer_domain(hanging_doer(&calls, &hangs))),
        job("a", 1),
    )
    .await;

    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, doer_domain(hanging_doer(&calls, &hangs)));
    process_due(&app).await;
    assert!(calls.lines().is_empty());
    assert_eq!(
        n_cut_off(&app).await,
        0,
        "another process may still work on it"
    );

    pass_time(INLINE_TIME).await;
    let health = app.health().await.unwrap();
    assert_eq!((health.cut_off, health.outbox, health.scheduled), (1, 0, 0));
    process_due(&app).await;
    assert_eq!(calls.lines(), ["a1"]);
    assert_eq!((n_cut_off(&app).await, n_open_rows(&world).await), (0, 0));
    process_due(&app).await;
    assert_eq!(calls.lines(), ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn cut_off_event_is_handled_by_an_engine() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    publish_and_die(
        &app(&world, doer_domain(hanging_doer(&calls, &hangs))),
        job("a", 1),
    )
    .await;

    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, doer_domain(hanging_doer(&calls, &hangs)));
    let engine = spawn_engine(Engine::new(app.clone()));
    pass_time(INLINE_TIME + seconds(60)).await;
    assert_eq!(calls.lines(), ["a1"]);
    assert_eq!((n_cut_off(&app).await, n_open_rows(&world).await), (0, 0));

    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn cut_off_event_is_lost_without_the_setting() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let app = world.app_with(doer_domain(hanging_doer(&calls, &hangs)), Processing::Sync);
    publish_and_die(&app, job("a", 1)).await;

    hangs.store(false, Ordering::Relaxed);
    pass_time(INLINE_TIME).await;
    process_due(&app).await;
    assert!(calls.lines().is_empty());
}

/// What a second process claimed and did not finish is found by a third one.
#[tokio::test(start_paused = true)]
async fn cut_off_event_is_found_again_if_it_is_cut_off_again() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let app = app(&world, doer_domain(hanging_doer(&calls, &hangs)));
    publish_and_die(&app, job("a", 1)).await;
    pass_time(INLINE_TIME).await;
    let again = tokio::time::timeout(seconds(10), app.process_due()).await;
    assert!(again.is_err(), "the handler hangs again");
    assert_eq!(n_cut_off(&app).await, 1);

    hangs.store(false, Ordering::Relaxed);
    pass_time(seconds(60)).await;
    process_due(&app).await;
    assert_eq!(calls.lines(), ["a1"]);
    assert_eq!(n_cut_off(&app).await, 0);
}

/// It may kill its process each time, so it is not handled without end.
#[tokio::test(start_paused = true)]
async fn cut_off_event_is_abandoned_in_the_end() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let app = app(&world, doer_domain(hanging_doer(&calls, &hangs)));
    publish_and_die(&app, job("a", 1)).await;
    pass_time(INLINE_TIME).await;
    for _ in 0..5 {
        let again = tokio::time::timeout(seconds(10), app.process_due()).await;
        assert!(again.is_err(), "the handler hangs again");
        pass_time(seconds(60)).await;
    }

    process_due(&app).await;
    let health = app.health().await.unwrap();
    assert_eq!((health.cut_off, health.abandoned), (0, 1));
    let abandoned = world.store.rows(&[OutboxState::Abandoned], 9).await;
    let mark = abandoned.unwrap().remove(0);
    insta::assert_snapshot!(mark.error.unwrap(), @"its inline handling was cut off 6 times");

    hangs.store(false, Ordering::Relaxed);
    let now = world.clock.now();
    assert!(world.store.reopen(mark.number, now).await.unwrap());
    process_due(&app).await;
    assert_eq!(calls.lines(), ["a1"]);
    assert_eq!((n_cut_off(&app).await, n_open_rows(&world).await), (0, 0));
}

/// The caller gets the error of a handler that failed, so nothing of it was cut off.
#[tokio::test(start_paused = true)]
async fn cut_off_does_not_mean_failed() {
    let world = World::new();
    let app = app(
        &world,
        doer_domain(Doer::new(|_| async { Err(machine_failure()) })),
    );

    let failed = app
        .publish(job("a", 1))
        .await
        .expect_err("its handler fails");
    assert_eq!(failed.handler_failures().len(), 1);
    assert_eq!(n_open_rows(&world).await, 0);
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(category = "job", id = id)]
struct Done {
    id: String,
}

/// Raises an event for each job.
struct Foreman(CallLog);

impl EventHandler for Foreman {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job).raises::<Done>();
    }
}

impl Foreman {
    async fn on_job(&self, job: Job, work: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("foreman {}{}", job.id, job.n));
        work.raise(Done { id: job.id })
    }
}

/// Hangs if it is told so.
struct Clerk(CallLog, Arc<AtomicBool>);

impl EventHandler for Clerk {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_done);
    }
}

impl Clerk {
    async fn on_done(&self, event: Done, _work: &mut UnitOfWork) -> Result<(), Error> {
        if self.1.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        self.0.note(format!("clerk {}", event.id));
        Ok(())
    }
}

/// Hangs if it is told so.
struct Waiter(Arc<AtomicBool>);

impl EventHandler for Waiter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_job);
    }
}

impl Waiter {
    async fn on_job(&self, _: Job, _work: &mut UnitOfWork) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        Ok(())
    }
}

/// The first event was handled to the end, so only the second one comes again.
#[tokio::test(start_paused = true)]
async fn cut_off_cascade_goes_on_where_it_was() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let domain = || {
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_from_outside::<Done>()
            .event_handler(Foreman(calls.clone()))
            .event_handler(Clerk(calls.clone(), Arc::clone(&hangs)))
    };
    publish_and_die(&app(&world, domain()), job("a", 1)).await;
    assert_eq!(n_open_rows(&world).await, 1);

    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, domain());
    pass_time(INLINE_TIME).await;
    process_due(&app).await;
    assert_eq!(calls.lines(), ["foreman a1", "clerk a"]);

    app.publish(job("b", 2)).await.unwrap();
    assert_eq!(n_open_rows(&world).await, 0);
}

/// Nobody knows which handlers of an event have ended. So delivery is at least once.
#[tokio::test(start_paused = true)]
async fn cut_off_event_comes_again_to_all_its_handlers() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let domain = || {
        Domain::builder("yard")
            .event_from_outside::<Job>()
            .event_from_outside::<Done>()
            .event_handler(Foreman(calls.clone()))
            .event_handler(hanging_doer(&calls, &hangs))
    };
    publish_and_die(&app(&world, domain()), job("a", 1)).await;
    assert_eq!(calls.lines(), ["foreman a1"]);

    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, domain());
    pass_time(INLINE_TIME).await;
    process_due(&app).await;
    assert_eq!(calls.lines(), ["foreman a1", "foreman a1", "a1"]);
    assert_eq!(n_open_rows(&world).await, 0);
}

/// Otherwise a handler that has ended would handle the event a second time.
#[tokio::test(start_paused = true)]
async fn cut_off_event_keeps_the_inboxes() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let domain = || {
        doer_domain(calls.doer())
            .event_handler(Waiter(Arc::clone(&hangs)))
            .subscriptions(|on| {
                on.once();
            })
    };
    publish_and_die(&app(&world, domain()), job("a", 1)).await;
    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, domain());
    pass_time(seconds(48 * 3_600)).await;

    assert_eq!(app.clean_up().await.unwrap(), 0);
    process_due(&app).await;
    assert_eq!(calls.lines(), ["a1"]);
}

/// Otherwise the event would count once in the rebuild, and once more when it is found again.
#[tokio::test(start_paused = true)]
async fn cut_off_event_holds_up_a_rebuild() {
    let (world, calls) = (World::new(), CallLog::default());
    let hangs = Arc::new(AtomicBool::new(true));
    let domain = || {
        doer_domain(hanging_doer(&calls, &hangs))
            .projection::<JobCount>()
            .projector(JobCounter(Duration::ZERO))
    };
    publish_and_die(&app(&world, domain()), job("a", 1)).await;
    hangs.store(false, Ordering::Relaxed);
    let app = app(&world, domain());

    let err = app
        .rebuild::<JobCount>()
        .await
        .expect_err("it has not ended");
    assert!(err.has_events_waiting());
    insta::assert_snapshot!(err, @"the rebuild changed no row: 1 event is handled inline, and that has not ended or was cut off; let `App::process_due` or an engine handle it first");

    pass_time(INLINE_TIME).await;
    process_due(&app).await;
    assert_eq!(count_of(&app, "a").await, 1);
    let rebuilt = app.rebuild::<JobCount>().await.unwrap();
    assert_eq!(rebuilt.to_string(), "1 row from 1 event, 0 changed");
    assert_eq!(count_of(&app, "a").await, 1);
}

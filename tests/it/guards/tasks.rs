//! Panics and errors in tasks that a handler spawned and did not await.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::prelude::*;

use crate::fixture::{Instructed, instructed, mask_line_numbers, mismatch};

/// Counts finished tasks.
#[derive(Debug, Default)]
struct DoneCount(AtomicUsize);

/// Does its work in a spawned task.
#[derive(Debug)]
struct Delegator(Arc<DoneCount>);

impl EventHandler for Delegator {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_instructed);
    }
}

impl Delegator {
    async fn on_instructed(&self, event: Instructed, _: &mut UnitOfWork) -> Result<(), Error> {
        match event.what.as_str() {
            "panic" => drop(tokio::spawn(async { panic!("nobody hears me") })),
            "panic later" => drop(tokio::spawn(async {
                tokio::task::yield_now().await;
                panic!("nobody hears me")
            })),
            "fail" => drop(tokio::spawn(async { Err::<(), _>(std::fmt::Error) })),
            "wait" => {
                let task = tokio::spawn(async { panic!("the handler hears me") });
                let result: Result<(), _> = task.await;
                result.map_err(|err| Error::failed("the task", err))?;
            }
            "wait and forgive" => {
                let _: Result<(), _> = tokio::spawn(async { panic!("never mind") }).await;
            }
            "never end" => drop(tokio::spawn(std::future::pending::<()>())),
            _ => {
                let done_count = Arc::clone(&self.0);
                drop(tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    done_count.0.fetch_add(1, Ordering::Relaxed);
                }));
            }
        }
        Ok(())
    }
}

fn domain(fakes: &Resources) -> Result<Domain, WiringErrors> {
    Domain::builder("tasks")
        .event_from_outside::<Instructed>()
        .event_handler(Delegator(fakes.get::<DoneCount>()))
        .build()
}

fn tasks() -> FlowHarness {
    FlowHarness::new(domain).resource(DoneCount::default)
}

#[test]
fn spawned_task_that_panics_fails_the_flow() {
    let panics = tasks().when_event(instructed("panic")).then_settled();
    let later = tasks()
        .mode(Mode::Engine)
        .when_event(instructed("panic later"))
        .then_settled();

    insta::assert_snapshot!(mismatch(panics), @"
    expected  no panic in a task that a handler spawned
    found     a task that Delegator spawned panicked at tests/it/guards/tasks.rs:LINE: nobody hears me
              No handler awaits the task. Await it in the handler and return its error, or move the work to another handler
    ");
    insta::assert_snapshot!(mismatch(later), @"
    expected  no panic in a task that a handler spawned
    found     a task that Delegator spawned panicked at tests/it/guards/tasks.rs:LINE: nobody hears me
              No handler awaits the task. Await it in the handler and return its error, or move the work to another handler
    ");
}

#[tokio::test]
async fn spawned_task_that_panics_fails_an_async_test() {
    let flow = tasks().when_event(instructed("panic")).then_settled();

    let result = tokio::spawn(flow.into_future()).await;

    let panic = result.expect_err("it fails").into_panic();
    let text = crate::fixture::panic_message(panic.as_ref());
    assert!(
        text.contains("a task that Delegator spawned panicked at"),
        "{text}"
    );
}

#[test]
fn spawned_task_that_panics_fails_its_own_step() {
    let failure = tasks()
        .given_events(instructed("panic"))
        .when_event(instructed("x"))
        .then_settled()
        .try_run()
        .expect_err("a task panicked");

    assert_eq!(failure.step(), 1);
    assert_eq!(failure.n_failed(), 1);
}

#[test]
fn awaited_task_that_panics_fails_its_handler() {
    tasks()
        .when_event(instructed("wait"))
        .then(expect::handler_failed_with_message::<Delegator>(
            "the handler hears me",
        ))
        .run();
}

#[test]
fn awaited_task_whose_panic_is_ignored_is_a_warning() {
    let outcome = tasks()
        .when_event(instructed("wait and forgive"))
        .then_settled()
        .run();

    let warning = outcome.warnings()[0].text.clone();
    insta::assert_snapshot!(mask_line_numbers(&warning), @"
    a task that Delegator spawned panicked at tests/it/guards/tasks.rs:LINE: never mind
    The panic is lost, unless the handler awaited the task
    ");
}

#[test]
fn spawned_task_finishes_before_the_expectations() {
    tasks()
        .when_event(instructed("x"))
        .then(expect::resource(|done: &DoneCount| {
            done.0.load(Ordering::Relaxed) == 1
        }))
        .run();
}

#[test]
fn spawned_task_that_never_ends_is_a_warning() {
    let outcome = tasks()
        .when_event(instructed("never end"))
        .then_settled()
        .run();

    insta::assert_snapshot!(outcome.warnings()[0].text, @"a task that Delegator spawned has not ended at the end of the flow: the test does not see the result");
}

#[test]
fn spawned_task_that_ends_gives_no_warning() {
    let outcome = tasks().when_event(instructed("x")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

/// Known limit: with several threads, the harness does not know which handler spawned a task.
#[tokio::test(flavor = "multi_thread")]
async fn spawned_task_on_several_threads_is_not_watched() {
    let outcome = tasks().when_event(instructed("panic")).then_settled().await;

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

/// Known limit: dropping the handle of a task drops its result, so no one can read it.
#[test]
fn error_of_a_detached_task_is_not_reported() {
    let outcome = tasks().when_event(instructed("fail")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

#[test]
fn unfinished_task_does_not_reach_the_next_run() {
    let tasks = tasks();
    tasks
        .when_event(instructed("never end"))
        .then_settled()
        .run();

    let outcome = tasks.when_event(instructed("x")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

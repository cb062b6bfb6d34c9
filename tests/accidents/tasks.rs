//! What goes wrong in a task that a handler spawned, and in nobody's hands.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::prelude::*;

use crate::{
    fixture::{Told, told, without_lines},
    mismatch,
};

/// Counts what was done.
#[derive(Debug, Default)]
struct Done(AtomicUsize);

/// Leaves its work to a task.
#[derive(Debug)]
struct Delegator(Arc<Done>);

impl EventHandler for Delegator {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_told);
    }
}

impl Delegator {
    async fn on_told(&self, event: Told, _: &mut UnitOfWork) -> Result<(), Error> {
        let what = event.what;
        match what.as_str() {
            "panic" => drop(tokio::spawn(async { panic!("nobody hears me") })),
            "panic later" => drop(tokio::spawn(async {
                tokio::task::yield_now().await;
                panic!("nobody hears me")
            })),
            "fail" => drop(tokio::spawn(async { Err::<(), _>(std::fmt::Error) })),
            "wait" => {
                let task = tokio::spawn(async { panic!("the handler hears me") });
                let joined: Result<(), _> = task.await;
                joined.map_err(|err| Error::failed("the task", err))?;
            }
            "wait and forgive" => {
                let _: Result<(), _> = tokio::spawn(async { panic!("never mind") }).await;
            }
            "never end" => drop(tokio::spawn(std::future::pending::<()>())),
            _ => {
                let done = Arc::clone(&self.0);
                drop(tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    done.0.fetch_add(1, Ordering::Relaxed);
                }));
            }
        }
        Ok(())
    }
}

fn domain(fakes: &Resources) -> Result<Domain, WiringErrors> {
    Domain::builder("tasks")
        .event_from_outside::<Told>()
        .event_handler(Delegator(fakes.get::<Done>()))
        .build()
}

fn tasks() -> FlowHarness {
    FlowHarness::new(domain).resource(Done::default)
}

#[test]
fn a_panic_that_only_a_spawned_task_saw_fails() {
    let panics = tasks().when_event(told("panic")).then_settled();
    let later = tasks()
        .mode(Mode::Engine)
        .when_event(told("panic later"))
        .then_settled();

    insta::assert_snapshot!(without_lines(&mismatch(panics)), @r"
    expected  nothing goes wrong in a task of a handler
    found     a task that Delegator spawned panicked at tests/accidents/tasks.rs:LINE: nobody hears me
              No handler waited for it: let it await the task, and fail with it, or let a handler of its own do that work
    ");
    insta::assert_snapshot!(without_lines(&mismatch(later)), @r"
    expected  nothing goes wrong in a task of a handler
    found     a task that Delegator spawned panicked at tests/accidents/tasks.rs:LINE: nobody hears me
              No handler waited for it: let it await the task, and fail with it, or let a handler of its own do that work
    ");
}

#[tokio::test]
async fn a_panic_that_only_a_spawned_task_saw_fails_in_an_async_test() {
    let flow = tasks().when_event(told("panic")).then_settled();

    let failed = tokio::spawn(flow.into_future()).await;

    let panic = failed.expect_err("it fails").into_panic();
    let text = crate::text_of(panic.as_ref());
    assert!(
        text.contains("a task that Delegator spawned panicked at"),
        "{text}"
    );
}

#[test]
fn a_panic_in_a_task_fails_its_own_step_and_no_later_one() {
    let failure = tasks()
        .given_events(told("panic"))
        .when_event(told("x"))
        .then_settled()
        .try_run()
        .expect_err("a task panicked");

    assert_eq!(failure.step(), 1);
    assert_eq!(failure.n_failed(), 1);
}

#[test]
fn a_panic_in_a_task_that_its_handler_awaits_is_that_of_the_handler() {
    tasks()
        .when_event(told("wait"))
        .then_handler_failed_saying::<Delegator>("the handler hears me")
        .run();
}

#[test]
fn a_panic_in_a_task_that_may_have_been_awaited_is_a_warning() {
    let outcome = tasks()
        .when_event(told("wait and forgive"))
        .then_settled()
        .run();

    let warning = outcome.warnings()[0].text.clone();
    insta::assert_snapshot!(without_lines(&warning), @r"
    a task that Delegator spawned panicked at tests/accidents/tasks.rs:LINE: never mind
    Nobody heard of it, unless the handler waited
    ");
}

#[test]
fn what_a_spawned_task_does_at_once_is_done_before_anything_is_expected() {
    tasks()
        .when_event(told("x"))
        .then_resource(|done: &Done| done.0.load(Ordering::Relaxed) == 1)
        .run();
}

#[test]
fn a_task_that_is_not_over_at_the_end_is_a_warning() {
    let outcome = tasks().when_event(told("never end")).then_settled().run();

    insta::assert_snapshot!(outcome.warnings()[0].text, @"a task that Delegator spawned is not over at the end: what comes of it no test sees");
}

#[test]
fn a_task_that_ends_leaves_nothing_to_warn_of() {
    let outcome = tasks().when_event(told("x")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

/// A limit: who spawned what is not seen where several threads do so.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_runtime_of_several_threads_tasks_are_not_watched() {
    let outcome = tasks().when_event(told("panic")).then_settled().await;

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

/// A limit: who drops the handle of a task drops its answer, and nobody else ever has it.
#[test]
fn an_error_that_a_dropped_task_returned_is_seen_by_nobody() {
    let outcome = tasks().when_event(told("fail")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

#[test]
fn a_task_that_is_left_over_does_not_reach_the_next_run() {
    let tasks = tasks();
    tasks.when_event(told("never end")).then_settled().run();

    let outcome = tasks.when_event(told("x")).then_settled().run();

    assert!(outcome.warnings().is_empty(), "{:?}", outcome.warnings());
}

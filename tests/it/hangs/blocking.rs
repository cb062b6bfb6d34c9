//! Code that blocks its thread: the watchdog ends the process, and says where.

use std::{
    env,
    future::ready,
    process::{self, Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use flow_domain::{
    Delivery, Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fixture::mask_line_numbers;

/// The variable that says what blocks in the child process.
pub(super) const CHILD: &str = "FLOW_HARNESS_TEST_BLOCKS";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "job", id = job_id)]
struct Started {
    job_id: String,
}

fn started() -> Started {
    Started {
        job_id: "j-1".into(),
    }
}

static LOCK: Mutex<()> = Mutex::new(());

#[expect(clippy::disallowed_methods, reason = "it blocks the thread on purpose")]
pub(super) fn block(how: &str) {
    match how {
        "sleep" => thread::sleep(Duration::from_secs(600)),
        "lock" => {
            let _first = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
            let _second = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        }
        "loop" => loop {
            std::hint::spin_loop();
        },
        "short sleep" => thread::sleep(Duration::from_millis(1_500)),
        _ => {}
    }
}

/// Blocks its thread in the way that the environment says.
struct Blocker;

impl EventHandler for Blocker {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_started);
    }

    async fn handle_error(&self, _: &Error, _: &Delivery) -> Result<(), Error> {
        if env::var(CHILD).as_deref() == Ok("handle_error") {
            block("sleep");
        }
        Ok(())
    }
}

impl Blocker {
    async fn on_started(&self, _: Started, _: &mut UnitOfWork) -> Result<(), Error> {
        match env::var(CHILD).as_deref() {
            Ok("ready") => loop {
                ready(()).await;
            },
            Ok("blocking task") => {
                let _ = tokio::task::spawn_blocking(|| block("sleep")).await;
                Ok(())
            }
            Ok("busy task") => {
                let busy = async {
                    loop {
                        tokio::task::yield_now().await;
                    }
                };
                let _: Result<(), _> = tokio::spawn(busy).await;
                Ok(())
            }
            Ok("task that blocks") => {
                let _ = tokio::spawn(async { block("sleep") }).await;
                Ok(())
            }
            Ok("handle_error") => Err(Error::setup("the job failed")),
            Ok(how) => {
                block(how);
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }
}

/// A fake for the closure of a step.
#[derive(Debug, Default)]
struct Clerk;

fn jobs() -> Result<Domain, WiringErrors> {
    if env::var(CHILD).as_deref() == Ok("domain") {
        block("sleep");
    }

    let builder = Domain::builder("jobs").event_from_outside::<Started>();
    builder.event_handler(Blocker).build()
}

/// Runs in a child process, where it blocks.
#[test]
fn in_a_process_that_blocks() {
    FlowHarness::new(jobs)
        .resource(Clerk::default)
        .when_event(started())
        .then(expect::resource(|_: &Clerk| {
            if env::var(CHILD).as_deref() == Ok("closure") {
                block("sleep");
            }
            true
        }))
        .run();
}

/// Runs in a child process, where it blocks the runtime of the test.
#[tokio::test]
async fn in_an_async_process_that_blocks() {
    FlowHarness::new(jobs)
        .when_event(started())
        .then_settled()
        .await;
}

/// Runs in a child process, where it waits on a paused clock.
#[tokio::test(start_paused = true)]
async fn in_a_paused_process_that_waits() {
    if env::var(CHILD).is_err() {
        return;
    }

    let flow = FlowHarness::new(jobs).when_event(started()).then_settled();
    let flow = tokio::spawn(flow.into_future());
    let result = flow.await;
    // A runtime that is dropped waits for its blocking code.
    process::exit(i32::from(result.is_err()));
}

/// Starts one test of this file in a process of its own.
pub(super) fn start_child(test: &str, how: &str, n_seconds: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "--nocapture"])
        .arg(format!("hangs::{test}"))
        .env_remove("FLOW_MODE")
        .env_remove("FLOW_BACKEND")
        .env("FLOW_HANG_SECONDS", n_seconds)
        .env(CHILD, how)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());

    command.spawn().unwrap()
}

/// Returns whether the process passed, and what it printed as errors.
pub(super) fn end_of(child: Child) -> (bool, String) {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), mask_line_numbers(&errors))
}

#[test]
fn handler_that_blocks_its_thread_ends_the_process() {
    let (has_passed, errors) = end_of(start_child(
        "blocking::in_a_process_that_blocks",
        "sleep",
        "1",
    ));

    assert!(!has_passed);
    insta::assert_snapshot!(errors.trim(), @"
    flow-harness: a test flow has not moved on for 1 s, so the process is aborted
    test     hangs::blocking::in_a_process_that_blocks
    step     tests/it/hangs/blocking.rs:LINE
    handler  Blocker on Started
    fix      the handler blocks its thread, or loops and never waits: await a timer or a channel, or use `tokio::task::spawn_blocking`
             set FLOW_HANG_SECONDS to more seconds for slow code, or to 0 for a debugger
    ");
}

#[test]
fn every_kind_of_blocking_is_named() {
    let in_handler = "handler  Blocker on Started\n";
    let table = [
        ("blocking::in_a_process_that_blocks", "lock", in_handler),
        ("blocking::in_a_process_that_blocks", "loop", in_handler),
        ("blocking::in_a_process_that_blocks", "ready", in_handler),
        (
            "blocking::in_a_process_that_blocks",
            "task that blocks",
            "fix      the flow waits, and nobody polls it",
        ),
        (
            "blocking::in_a_process_that_blocks",
            "handle_error",
            "handler  Blocker, in `handle_error`, on Started\n",
        ),
        (
            "blocking::in_a_process_that_blocks",
            "closure",
            "fix      the code of the step",
        ),
        (
            "blocking::in_a_process_that_blocks",
            "domain",
            "fix      the code of the step",
        ),
        (
            "blocking::in_an_async_process_that_blocks",
            "sleep",
            in_handler,
        ),
    ];

    // They hang at the same time.
    let children = table.map(|(test, how, _)| start_child(test, how, "1"));
    for ((test, how, expected), child) in table.into_iter().zip(children) {
        let (has_passed, errors) = end_of(child);

        assert!(!has_passed, "{how}");
        assert!(
            errors.contains(&format!("test     hangs::{test}\n")),
            "{how}: {errors}"
        );
        assert!(
            errors.contains("step     tests/it/hangs/blocking.rs:"),
            "{how}: {errors}"
        );
        assert!(errors.contains(expected), "{how}: {errors}");
    }
}

#[test]
fn wait_that_no_time_limit_ends_fails_the_flow() {
    let table = [
        ("blocking::in_a_process_that_blocks", "blocking task"),
        ("blocking::in_a_process_that_blocks", "busy task"),
        ("blocking::in_a_paused_process_that_waits", "blocking task"),
        ("blocking::in_a_paused_process_that_waits", "busy task"),
    ];

    let children = table.map(|(test, how)| start_child(test, how, "1"));
    for ((_, how), child) in table.into_iter().zip(children) {
        let (has_passed, errors) = end_of(child);

        assert!(!has_passed, "{how}");
        let (_, found) = errors.split_once("found     ").expect(&errors);
        let (found, _) = found.split_once("\n\n").expect(&errors);
        let found: Vec<&str> = found.lines().take(3).map(str::trim).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(found.join("\n"), @"
            Blocker failed on Started: Blocker waits,
            and the flow has not moved on for 1 s: tokio's clock stands still while code in `tokio::task::spawn_blocking` runs,
            or while a spawned task never waits, so no time limit is reached
            ");
        }
    }
}

#[test]
fn watchdog_that_is_off_lets_code_block() {
    let child = start_child("blocking::in_a_process_that_blocks", "short sleep", "0");
    let (has_passed, errors) = end_of(child);

    assert!(has_passed, "{errors}");
}

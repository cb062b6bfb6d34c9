//! Code of `tokio::task::spawn_blocking` that a handler leaves behind.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

const MODES: [Mode; 2] = [Mode::Sync, Mode::Engine];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "print", id = print_id)]
struct Printed {
    print_id: String,
}

fn printed() -> Printed {
    Printed {
        print_id: "p-1".into(),
    }
}

/// How the handler uses a thread.
#[derive(Clone, Copy)]
enum Use {
    /// It awaits code that ends.
    Awaits,
    /// It leaves code behind that ends when the test ends.
    LeavesBehind,
    /// It waits for a timer, while code runs for longer.
    SleepsBeside,
    /// It waits for a timer.
    Sleeps,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the handlers of these tests wait"
)]
fn block() {
    thread::sleep(Duration::from_millis(150));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the handlers of these tests wait"
)]
async fn sleep() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

struct Printer(Use, Arc<Mutex<Option<Receiver<()>>>>);

impl EventHandler for Printer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_printed);
    }
}

impl Printer {
    async fn on_printed(&self, _: Printed, _: &mut UnitOfWork) -> Result<(), Error> {
        match self.0 {
            Use::Awaits => {
                let sum = spawn_blocking(|| (1..=10).sum::<u32>()).await;
                assert_eq!(sum.expect("it does not panic"), 55);
            }
            Use::LeavesBehind => {
                let receiver = self.1.lock().expect("nobody panics").take();
                spawn_blocking(move || receiver.map(|receiver| receiver.recv()));
            }
            Use::SleepsBeside => {
                spawn_blocking(block);
                sleep().await;
            }
            Use::Sleeps => sleep().await,
        }
        Ok(())
    }
}

/// Returns the warnings of a flow, and what ends the code that it leaves behind.
fn run(mode: Mode, usage: Use) -> (Vec<String>, Sender<()>) {
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let prints = move || {
        let builder = Domain::builder("prints").event_from_outside::<Printed>();
        let printer = Printer(usage, Arc::clone(&receiver));
        builder.event_handler(printer).build()
    };

    let outcome = FlowHarness::new(prints)
        .mode(mode)
        .when_event(printed())
        .then_settled()
        .run();
    let warnings = outcome.warnings().into_iter();
    (warnings.map(|warning| warning.text).collect(), sender)
}

#[test]
fn blocking_code_that_is_left_behind_is_a_warning() {
    for mode in MODES {
        let (warnings, _sender) = run(mode, Use::LeavesBehind);

        insta::allow_duplicates! {
            insta::assert_snapshot!(warnings.join("\n"), @"code that a handler started with `tokio::task::spawn_blocking` has not ended at the end of the flow: the test does not see the result. Await it in the handler");
        }
    }
}

#[test]
fn blocking_code_that_is_awaited_is_no_warning() {
    for mode in MODES {
        let (warnings, _sender) = run(mode, Use::Awaits);

        // A slow machine may add that the handler waited.
        let is_left_behind = |warning: &String| warning.contains("has not ended");
        assert!(!warnings.iter().any(is_left_behind), "{warnings:?}");
    }
}

#[test]
fn timer_that_waits_for_blocking_code_is_a_warning() {
    for mode in MODES {
        let (warnings, _sender) = run(mode, Use::SleepsBeside);

        let (handler, advice) = warnings[0].split_once(" waited for ").expect(&warnings[0]);
        assert_eq!(handler, "Printer");
        assert!(
            advice.contains("Code of `tokio::task::spawn_blocking` runs in real time"),
            "{advice}"
        );
    }
}

#[test]
fn blocking_code_does_not_stop_the_clock_of_a_later_flow() {
    for mode in MODES {
        // If the later flow had the runtime of the first one, its timer would never fire.
        let (_, _sender) = run(mode, Use::LeavesBehind);
        let (warnings, _) = run(mode, Use::Sleeps);

        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

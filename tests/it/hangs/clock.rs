//! Handlers that change the clock of tokio: they do not make the timers of a flow real.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use flow_domain::{
    Domain, Error, Event, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::{task::yield_now, time};

use crate::fixture::mismatch;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "alarm", id = alarm_id)]
struct AlarmRaised {
    alarm_id: String,
    how: String,
}

fn alarm(how: &str) -> AlarmRaised {
    AlarmRaised {
        alarm_id: "a-1".into(),
        how: how.into(),
    }
}

/// Changes the clock, and waits.
struct Sleeper;

impl EventHandler for Sleeper {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_alarm);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Sleeper {
    async fn on_alarm(&self, alarm: AlarmRaised, _: &mut UnitOfWork) -> Result<(), Error> {
        match alarm.how.as_str() {
            "resume" => time::resume(),
            "resume in a task" => drop(tokio::spawn(async { time::resume() })),
            "resume, and never end" => {
                time::resume();
                pending::<()>().await;
            }
            "resume, and yield" => {
                time::resume();
                loop {
                    yield_now().await;
                }
            }
            "pause" => time::pause(),
            _ => {}
        }

        nap().await;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the handler waits for a timer")]
async fn nap() {
    time::sleep(Duration::from_secs(20)).await;
}

fn alarms() -> Result<Domain, WiringErrors> {
    let builder = Domain::builder("alarms").event_from_outside::<AlarmRaised>();
    builder.event_handler(Sleeper).build()
}

/// Runs `flow`, and requires that it does not wait for the timers of its handlers.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the test is about real time")]
fn without_a_wait<T>(flow: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = flow();

    let waited = begin.elapsed();
    assert!(waited < Duration::from_secs(10), "it took {waited:?}");
    result
}

#[test]
fn resumed_clock_costs_no_time() {
    for mode in [Mode::Sync, Mode::Engine] {
        for how in ["resume", "resume in a task"] {
            without_a_wait(|| {
                FlowHarness::new(alarms)
                    .mode(mode)
                    .when_event(alarm(how))
                    .then(expect::handled_by::<Sleeper>())
                    .run()
            });
        }
    }
}

#[test]
fn endless_wait_on_a_resumed_clock_fails_at_once() {
    for mode in [Mode::Sync, Mode::Engine] {
        for (how, expected) in [
            ("resume, and never end", "Sleeper took longer than 30s"),
            ("resume, and yield", "Sleeper made 10000 steps in one call"),
            ("pause", "time is already frozen"),
        ] {
            let flow = FlowHarness::new(alarms).mode(mode).when_event(alarm(how));
            let text = without_a_wait(|| mismatch(flow.then_settled()));

            assert!(text.contains(expected), "{how}: {text}");
        }
    }
}

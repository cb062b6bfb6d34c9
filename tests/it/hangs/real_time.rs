//! Handlers that wait on the runtime of the test.

use std::time::Duration;

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "nap", id = nap_id)]
struct Tired {
    nap_id: String,
}

fn tired() -> Tired {
    Tired {
        nap_id: "n-1".into(),
    }
}

struct Sleeper;

impl EventHandler for Sleeper {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_tired);
    }
}

impl Sleeper {
    #[expect(clippy::disallowed_methods, reason = "the handler waits for a timer")]
    async fn on_tired(&self, _: Tired, _: &mut UnitOfWork) -> Result<(), Error> {
        tokio::time::sleep(Duration::from_millis(150)).await;
        Ok(())
    }
}

fn naps() -> Result<Domain, WiringErrors> {
    let builder = Domain::builder("naps").event_from_outside::<Tired>();
    builder.event_handler(Sleeper).build()
}

fn warnings(outcome: &Outcome) -> Vec<String> {
    let warnings = outcome.warnings().into_iter();
    warnings.map(|warning| warning.text).collect()
}

#[tokio::test]
async fn wait_in_an_async_test_is_a_warning() {
    let outcome = FlowHarness::new(naps)
        .when_event(tired())
        .then_settled()
        .await;

    let text = warnings(&outcome).join("\n");
    let (handler, _) = text.split_once(" waited for ").expect(&text);
    assert_eq!(handler, "Sleeper");
    assert!(text.contains("write `.run()` in a plain test"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn wait_on_a_paused_clock_is_no_warning() {
    let outcome = FlowHarness::new(naps)
        .when_event(tired())
        .then_settled()
        .await;

    assert!(warnings(&outcome).is_empty());
}

#[test]
fn wait_in_a_plain_test_is_no_warning() {
    let outcome = FlowHarness::new(naps)
        .when_event(tired())
        .then_settled()
        .run();

    assert!(warnings(&outcome).is_empty());
}

//! Code of the test that blocks outside of handlers: the watchdog says what it is.

use std::env;

use flow_domain::{
    Aggregate, Domain, Error, Event, EventHandler, EventRoutes, PendingEvents, UnitOfWork,
    WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use crate::hangs::blocking::{CHILD, block, end_of, start_child};

/// Blocks if the environment asks for it.
fn block_in(place: &str) {
    if env::var(CHILD).as_deref() == Ok(place) {
        block("sleep");
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(category = "letter", id = id)]
struct Written {
    #[serde(serialize_with = "serialize_slowly")]
    id: String,
}

fn serialize_slowly<S: Serializer>(id: &str, serializer: S) -> Result<S::Ok, S::Error> {
    block_in("serialize");
    serializer.serialize_str(id)
}

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        block_in("eq");
        self.id == other.id
    }
}

#[derive(Debug, Default)]
struct Post;

impl Drop for Post {
    fn drop(&mut self) {
        block_in("drop");
    }
}

struct Clerk;

impl EventHandler for Clerk {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_written);
    }
}

impl Clerk {
    async fn on_written(&self, _: Written, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

fn letters() -> Result<Domain, WiringErrors> {
    let builder = Domain::builder("letters").event_from_outside::<Written>();
    builder.event_handler(Clerk).build()
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
struct Desk {
    id: String,
    n_letters: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Runs in a child process, where it blocks.
#[test]
fn in_a_flow_that_blocks() {
    FlowHarness::new(letters)
        .resource(Post::default)
        .when_event(Written { id: "l-1".into() })
        .then_settled()
        .run();
}

/// Runs in a child process, where it blocks.
#[test]
fn in_a_unit_test_that_blocks() {
    unit::<Desk>()
        .given_aggregate(Desk::default())
        .when(|desk| {
            block_in("method");
            desk.n_letters = 1;
        })
        .has(|desk| {
            block_in("has");
            desk.n_letters == 1
        });
}

#[test]
fn blocking_code_outside_of_handlers_is_named() {
    let table = [
        (
            "in_a_flow_that_blocks",
            "serialize",
            "the `Serialize` of a message, or its `PartialEq`,",
        ),
        (
            "in_a_flow_that_blocks",
            "eq",
            "the `Serialize` of a message, or its `PartialEq`,",
        ),
        (
            "in_a_flow_that_blocks",
            "drop",
            "the `Drop` of a fake or of a handler",
        ),
        (
            "in_a_unit_test_that_blocks",
            "method",
            "the method, or code of the aggregate,",
        ),
        ("in_a_unit_test_that_blocks", "has", "the assertion"),
    ];

    let children =
        table.map(|(test, how, _)| start_child(&format!("blocking_code::{test}"), how, "1"));
    for ((test, how, code), child) in table.into_iter().zip(children) {
        let (has_passed, errors) = end_of(child);

        assert!(!has_passed, "{how}");
        let test = format!("test     hangs::blocking_code::{test}\n");
        assert!(errors.contains(&test), "{how}: {errors}");
        let fix = format!("fix      {code} never ends: look for a loop, a lock or a sleep\n");
        assert!(errors.contains(&fix), "{how}: {errors}");
    }
}

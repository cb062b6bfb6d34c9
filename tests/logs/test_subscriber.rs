//! Where the test has a subscriber of its own.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use flow_harness::prelude::*;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

use crate::{
    fixture::instructed,
    talker::{chain_of, talk},
};

/// Writes down the events up to a level, each with the spans around it.
#[derive(Clone)]
struct TestSubscriber {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<Mutex<Vec<u64>>>,
    n_spans: Arc<AtomicU64>,
}

impl TestSubscriber {
    fn up_to(level: Level) -> Self {
        Self {
            level,
            lines: Arc::default(),
            spans: Arc::default(),
            n_spans: Arc::default(),
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for TestSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.n_spans.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let n_spans = self.spans.lock().unwrap().len();
        let line = format!("{} in {n_spans} spans", message.0);
        self.lines.lock().unwrap().push(line);
    }

    fn enter(&self, span: &Id) {
        self.spans.lock().unwrap().push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        assert_eq!(self.spans.lock().unwrap().pop(), Some(span.into_u64()));
    }
}

#[test]
fn subscriber_of_the_test_still_receives_events() {
    let theirs = TestSubscriber::up_to(Level::INFO);

    let chain = with_default(theirs.clone(), || chain_of(Mode::Sync, "hello"));

    let lines = theirs.lines.lock().unwrap();
    assert_eq!(
        *lines,
        ["before in 1 spans", "saying in 3 spans", "heard in 1 spans"]
    );
    assert!(theirs.spans.lock().unwrap().is_empty());
    // It does not see what it did not ask for, and the chain does all the same.
    assert!(chain.contains("· DEBUG after"), "{chain}");
}

#[test]
fn chain_is_equal_with_and_without_a_subscriber() {
    let with = with_default(TestSubscriber::up_to(Level::ERROR), || {
        chain_of(Mode::Engine, "fail")
    });

    assert_eq!(with, chain_of(Mode::Engine, "fail"));
}

#[test]
fn subscriber_of_the_test_is_restored_after_a_run() {
    let theirs = TestSubscriber::up_to(Level::INFO);

    with_default(theirs.clone(), || {
        let flow = talk(Mode::Sync)
            .when_event(instructed("hello"))
            .then_settled();
        flow.run();
        tracing::info!("behind it");
    });

    let lines = theirs.lines.lock().unwrap();
    assert_eq!(lines.last().unwrap(), "behind it in 0 spans");
}

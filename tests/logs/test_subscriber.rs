//! Logs in a test that has its own subscriber.

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
    instructed::instructed,
    talker::{chain_of, talk},
};

/// Stores the events up to a level, each with its enclosing spans.
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
    let subscriber = TestSubscriber::up_to(Level::INFO);

    let chain = with_default(subscriber.clone(), || chain_of(Mode::Sync, "hello"));

    let lines = subscriber.lines.lock().unwrap();
    assert_eq!(
        *lines,
        ["before in 1 spans", "saying in 3 spans", "heard in 1 spans"]
    );
    assert!(subscriber.spans.lock().unwrap().is_empty());
    // The subscriber does not get the debug event, but the chain shows it.
    assert!(chain.contains("· DEBUG after"), "{chain}");
}

#[test]
fn chain_is_equal_with_and_without_a_subscriber() {
    let chain = with_default(TestSubscriber::up_to(Level::ERROR), || {
        chain_of(Mode::Engine, "fail")
    });

    assert_eq!(chain, chain_of(Mode::Engine, "fail"));
}

#[test]
fn subscriber_of_the_test_is_restored_after_a_run() {
    let subscriber = TestSubscriber::up_to(Level::INFO);

    with_default(subscriber.clone(), || {
        talk(Mode::Sync)
            .when_event(instructed("hello"))
            .then_settled()
            .run();
        tracing::info!("behind it");
    });

    let lines = subscriber.lines.lock().unwrap();
    assert_eq!(lines.last().unwrap(), "behind it in 0 spans");
}

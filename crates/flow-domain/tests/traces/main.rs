//! The `tracing` spans and events of a flow.
//!
//! This test has its own binary. `tracing` caches for the whole process whether a span is enabled.
//! A test without a subscriber that runs first could disable it for this one.
#![cfg(feature = "derive")]

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flow_domain::{
    App, Domain, Engine,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    doc_fixture::{
        Order, OrderCommandHandler, OrderDashboard, OrderDashboardProjector, PlaceOrder,
    },
    message::Processing,
    testing::StoredEvent,
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

/// Stores the spans and events of this crate, indented by their enclosing spans.
#[derive(Clone)]
struct CapturedTrace {
    level: Level,
    lines: Arc<Mutex<String>>,
    depth: Arc<AtomicU64>,
    n_spans: Arc<AtomicU64>,
}

impl CapturedTrace {
    fn up_to(level: Level) -> Self {
        Self {
            level,
            lines: Arc::default(),
            depth: Arc::default(),
            n_spans: Arc::default(),
        }
    }

    fn line(&self, head: &str, fields: impl FnOnce(&mut Fields)) {
        let mut text = Fields(head.to_owned());
        fields(&mut text);

        let indent = "  ".repeat(usize::try_from(self.depth.load(Ordering::SeqCst)).unwrap());
        let mut lines = self.lines.lock().unwrap();
        writeln!(lines, "{indent}{}", text.0).unwrap();
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Ids differ in every run, so the trace only shows that they are present.
        let name = field.name();
        if name.ends_with("id") {
            write!(self.0, " {name}").unwrap();
        } else {
            write!(self.0, " {name}={value:?}").unwrap();
        }
    }
}

impl Subscriber for CapturedTrace {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("flow_domain") && *metadata.level() <= self.level
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.line(span.metadata().name(), |fields| span.record(fields));
        Id::from_u64(self.n_spans.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().to_string();
        self.line(&level, |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {
        self.depth.fetch_add(1, Ordering::SeqCst);
    }

    fn exit(&self, _: &Id) {
        self.depth.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Places an order twice, and returns the captured trace.
fn traced(level: Level) -> String {
    trace_of(level, place_order_twice())
}

/// Returns the captured trace of `flow`.
fn trace_of(level: Level, flow: impl Future<Output = ()>) -> String {
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);

    let trace = CapturedTrace::up_to(level);
    with_default(trace.clone(), || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(flow);
    });

    let lines = trace.lines.lock().unwrap();
    lines.clone()
}

fn shop() -> Domain {
    Domain::builder("shop")
        .aggregate::<Order>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .projector(OrderDashboardProjector)
        .build()
        .unwrap()
}

async fn place_order_twice() {
    let app = App::builder(shop())
        .store(MemoryStore::default())
        .clock(Arc::new(VirtualClock::default()))
        .ids(Arc::new(VirtualIds::default()))
        .start();
    let place_order = || PlaceOrder {
        order_id: "ord-1".into(),
        total_cents: 5,
    };

    app.process(place_order()).await.unwrap();

    // The shop of the documentation does not check for an existing order, so the store refuses
    // the second one.
    let err = app.process(place_order()).await.unwrap_err();
    assert!(err.is_conflict());
}

#[test]
fn handler_call_is_a_span_with_messaging_fields() {
    insta::assert_snapshot!(traced(Level::INFO), @r#"
    process messaging.system="flow" messaging.operation.type="process" messaging.operation.name="process" messaging.consumer.group.name="OrderCommandHandler" messaging.destination.name=order-ord-1 messaging.message.id messaging.message.conversation_id flow.handler.kind="command handler" flow.message.type=Shop.PlaceOrder.v1
    process messaging.system="flow" messaging.operation.type="process" messaging.operation.name="process" messaging.consumer.group.name="OrderDashboardProjector" messaging.destination.name=order-ord-1 messaging.message.id messaging.message.conversation_id flow.handler.kind="projector" flow.message.type=Shop.OrderPlaced.v1 flow.causation_id
    process messaging.system="flow" messaging.operation.type="process" messaging.operation.name="process" messaging.consumer.group.name="OrderCommandHandler" messaging.destination.name=order-ord-1 messaging.message.id messaging.message.conversation_id flow.handler.kind="command handler" flow.message.type=Shop.PlaceOrder.v1
      ERROR message=failed messaging.consumer.group.name="OrderCommandHandler" error=OrderCommandHandler could not write aggregate Order `ord-1`: expected nothing there, found version 1
    "#);
}

#[test]
fn handler_call_writes_events_in_its_span() {
    let trace = traced(Level::DEBUG);

    let n_raised = trace
        .lines()
        .filter(|line| line.starts_with("  DEBUG flow.entry=raised Shop.OrderPlaced.v1"))
        .count();
    assert_eq!(n_raised, 2);
    assert!(trace.contains("  DEBUG flow.entry=wrote projection OrderDashboard `ord-1`"));
}

/// Delivers an event of a newer version, twice.
async fn deliver_newer_event() {
    let clock = Arc::new(VirtualClock::default());
    let app = App::builder(shop())
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .clock(Arc::clone(&clock) as _)
        .ids(Arc::new(VirtualIds::default()))
        .event_processing(Processing::Async)
        .start();
    let event = StoredEvent::parse("order-ord-1", "Shop.OrderPlaced.v2", "{}").unwrap();
    assert!(app.append_stored(&[event]).await.reply.is_ok());

    let mut engine = Engine::test_mode(&app);
    for minutes in [0, 1] {
        let time = VirtualClock::START + std::time::Duration::from_secs(60 * minutes);
        let report = engine.run_until(time).await.unwrap();
        assert!(!report.remaining.is_quiet());
    }
}

#[test]
fn newer_event_is_one_warning() {
    insta::assert_snapshot!(trace_of(Level::WARN, deliver_newer_event()), @r#"WARN message=a stream is paused: the event `Shop.OrderPlaced.v2` of `order-ord-1` is newer than version 1, which this program knows: run a program that knows version 2 subscription="OrderDashboardProjector" stream=order-ord-1 messaging.message.id event=Shop.OrderPlaced.v2"#);
}

//! What `tracing` sees of a flow.
//!
//! A binary of its own: `tracing` remembers for the whole process whether anybody wants a span, and a
//! test without a subscriber that comes to it first can make it forget the one that does.
#![cfg(feature = "derive")]

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flow_domain::{
    App, Domain,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    doc_fixture::{
        Order, OrderCommandHandler, OrderDashboard, OrderDashboardProjector, PlaceOrder,
    },
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

/// Writes down spans and events of this crate, indented by the spans that they are in.
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
        let mut shown = Fields(head.to_owned());
        fields(&mut shown);
        let indent = "  ".repeat(usize::try_from(self.depth.load(Ordering::SeqCst)).unwrap());
        let mut lines = self.lines.lock().unwrap();
        writeln!(lines, "{indent}{}", shown.0).unwrap();
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Ids are shown in full by the record; here it is enough that they are there.
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

/// Places an order, twice, and returns what was seen of it.
fn traced(level: Level) -> String {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = CapturedTrace::up_to(level);
    with_default(seen.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let domain = Domain::builder("shop")
                .aggregate::<Order>()
                .projection::<OrderDashboard>()
                .command_handler(OrderCommandHandler)
                .projector(OrderDashboardProjector)
                .build()
                .unwrap();
            let app = App::builder(domain)
                .store(MemoryStore::default())
                .clock(Arc::new(VirtualClock::default()))
                .ids(Arc::new(VirtualIds::default()))
                .start();
            let place = || PlaceOrder {
                order_id: "ord-1".into(),
                total_cents: 5,
            };
            app.process(place()).await.unwrap();
            // The shop of the documentation does not look whether the order is there.
            assert!(app.process(place()).await.unwrap_err().is_conflict());
        });
    });
    let lines = seen.lines.lock().unwrap();
    lines.clone()
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
    let seen = traced(Level::DEBUG);

    let n_raised = seen
        .lines()
        .filter(|line| line.starts_with("  DEBUG flow.happening=raised Shop.OrderPlaced.v1"));
    assert_eq!(n_raised.count(), 2);
    assert!(seen.contains("  DEBUG flow.happening=wrote projection OrderDashboard `ord-1`"));
}

//! The unit of work that the benchmarks commit: two events, a state, and the outbox rows of the events.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use flow_domain::{
    message::{Envelope, ExpectedVersion, MessageId, Metadata, Payload, StreamName, Version},
    port::{Changes, ExpectedStream, Outgoing, RowKeys, Write},
    record::{Table, TableKind},
};
use serde_json::json;
use uuid::Uuid;

const ORDERS: Table = Table::new(TableKind::Aggregate, "Order");

const PAYLOAD: &str = r#"{"order_id":"ord-000001","customer_id":"cust-17","lines":[{"sku":"tea","quantity":2,"price_cents":600},{"sku":"cup","quantity":1,"price_cents":900}],"total_cents":2100,"currency":"EUR"}"#;

/// A writer with a stream and a state of its own.
pub(crate) struct Writer {
    stream: StreamName,
    metadata: Metadata,
    n_commits: AtomicU64,
}

impl Writer {
    pub(crate) fn new(name: &str) -> Self {
        let metadata = json!({
            "id": Uuid::nil(), "kind": "event", "type": "Shop.OrderPlaced.v1", "stream": format!("order-{name}"),
            "time": "2026-01-01T00:00:00.123456Z", "correlation": Uuid::nil(), "causation": Uuid::nil(),
            "priority": 0, "initiated_by": null, "caused_in_category": null, "deadline": null,
        });
        let metadata: Metadata = serde_json::from_value(metadata).expect("it has all fields");

        Self {
            stream: metadata.stream.clone(),
            metadata,
            n_commits: AtomicU64::new(0),
        }
    }

    /// Returns the next changes. The previous ones must be committed.
    pub(crate) fn next(&self) -> Changes {
        let n_commits = self.n_commits.fetch_add(1, Ordering::Relaxed);
        let mut changes = Changes::new("OrderCommandHandler");
        changes.expected.push(ExpectedStream {
            stream: self.stream.clone(),
            version: ExpectedVersion::Exact(Version::new(2 * n_commits)),
        });

        for _ in 0..2 {
            let mut metadata = self.metadata.clone();
            metadata.id = MessageId::new(Uuid::new_v4());
            let envelope = Arc::new(Envelope {
                metadata,
                message: Payload::from_json(PAYLOAD),
            });
            changes.events.push(Arc::clone(&envelope));
            changes.outgoing.push(Outgoing {
                envelope,
                due: None,
            });
        }
        changes.writes.push(Write {
            table: ORDERS,
            id: self.stream.id().into(),
            expected: ExpectedVersion::Exact(Version::new(n_commits)),
            value: Some(Payload::from_json(PAYLOAD)),
            keys: RowKeys::default(),
        });
        changes
    }

    /// Returns the texts that a commit writes: the events, the state, and the rows of the outbox.
    pub(crate) fn texts(&self) -> Vec<String> {
        let changes = self.next();
        let metadata = |event: &Arc<Envelope>| {
            let metadata = serde_json::to_string(&event.metadata).expect("metadata is JSON");
            metadata + event.message.as_json()
        };

        let events = changes.events.iter().map(metadata);
        let state = [PAYLOAD.to_owned()];
        let outbox = changes
            .events
            .iter()
            .map(|event| event.metadata.id.to_string());
        events.chain(state).chain(outbox).collect()
    }
}

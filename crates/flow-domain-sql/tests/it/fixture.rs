//! Changes, and what is in a store after them.

use std::sync::Arc;

use flow_domain::{
    message::{Envelope, ExpectedVersion, Payload, Position, Recorded},
    port::{Changes, RowKeys, Store, Write},
    record::{Table, TableKind},
};
use serde_json::json;
use uuid::Uuid;

pub(crate) const DASHBOARD: Table = Table::new(TableKind::Projection, "OrderDashboard");

/// Makes an event of the stream `name`. `number` is its id and its content.
pub(crate) fn event(name: &str, number: u32) -> Arc<Envelope> {
    let id = Uuid::from_u128(number.into());
    let metadata = json!({
        "id": id, "kind": "event", "type": "Shop.OrderPlaced.v1", "stream": name,
        "time": "2026-01-01T00:00:00Z", "correlation": id, "causation": null, "priority": 0,
        "initiated_by": null, "caused_in_category": null, "deadline": null,
    });

    Arc::new(Envelope {
        metadata: serde_json::from_value(metadata).expect("it has all fields"),
        message: Payload::from_json(number.to_string()),
    })
}

/// Changes that append an event.
pub(crate) fn append(name: &str, number: u32) -> Changes {
    let mut changes = Changes::new("OrderCommandHandler");
    changes.events.push(event(name, number));
    changes
}

/// Changes that write a row of any version.
pub(crate) fn put(table: Table, id: &str, json: &str, keys: RowKeys) -> Changes {
    let mut changes = Changes::new("OrderProjector");
    changes.writes.push(Write {
        table,
        id: id.into(),
        expected: ExpectedVersion::Any,
        value: Some(Payload::from_json(json)),
        keys,
    });
    changes
}

pub(crate) async fn commit<S: Store + ?Sized>(store: &S, changes: &Changes) -> Vec<Recorded> {
    store.commit(changes).await.expect("the commit succeeds")
}

/// Returns the positions of all events.
pub(crate) async fn positions<S: Store + ?Sized>(store: &S) -> Vec<u64> {
    let all = store.read_category(None, Position::START, usize::MAX).await;
    let all = all.expect("the events can be read");
    all.iter().map(|event| event.position.as_u64()).collect()
}

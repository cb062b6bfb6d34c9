use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Error,
    message::{
        CorrelationId, Envelope, ExpectedVersion, MessageId, MessageKind, MessageName, MessageType,
        Metadata, Payload, Position, Priority, Processing, Recorded, StreamName, Version,
    },
    port::{Changes, ExpectedStream, Outgoing, Query, Row, Store, StoredState, Write},
    record::{Table, TableKind},
};

pub(crate) const WRITER: &str = "OrderCommandHandler";
pub(crate) const ORDERS: Table = Table::new(TableKind::Aggregate, "Order");
pub(crate) const DASHBOARD: Table = Table::new(TableKind::Projection, "OrderDashboard");

pub(crate) const ABSENT: ExpectedVersion = ExpectedVersion::Exact(Version::NONE);

pub(crate) const fn exact(version: u64) -> ExpectedVersion {
    ExpectedVersion::Exact(Version::new(version))
}

pub(crate) fn stream(name: &str) -> StreamName {
    name.parse().expect("the laws use good names")
}

/// An event whose content and id are `number`.
pub(crate) fn event(name: &str, number: u32) -> Arc<Envelope> {
    let id = MessageId::new(Uuid::from_u128(number.into()));
    Arc::new(Envelope {
        metadata: Metadata {
            id,
            kind: MessageKind::Event,
            message_type: MessageType::new(&"Shop".into(), MessageName::new("OrderPlaced", 1)),
            stream: stream(name),
            time: Timestamp::from_micros(1_000_000),
            correlation: CorrelationId::from(id),
            causation: None,
            priority: Priority::NORMAL,
            initiated_by: None,
            caused_in_category: None,
            deadline: None,
            processing: Processing::Async,
        },
        message: Payload::from_json(number.to_string()),
    })
}

/// A set of changes, made one after the other.
#[derive(Clone)]
pub(crate) struct ChangesBuilder(Changes);

pub(crate) fn change() -> ChangesBuilder {
    ChangesBuilder(Changes::new(WRITER))
}

impl ChangesBuilder {
    pub(crate) fn expect_version(mut self, name: &str, version: ExpectedVersion) -> Self {
        let stream = stream(name);
        self.0.expected.push(ExpectedStream { stream, version });
        self
    }

    pub(crate) fn append(mut self, name: &str, numbers: impl IntoIterator<Item = u32>) -> Self {
        let events = numbers.into_iter().map(|number| event(name, number));
        self.0.events.extend(events);
        self
    }

    pub(crate) fn event(mut self, event: &Arc<Envelope>) -> Self {
        self.0.events.push(Arc::clone(event));
        self
    }

    pub(crate) fn write(
        mut self,
        table: Table,
        id: &str,
        expected: ExpectedVersion,
        json: &str,
    ) -> Self {
        self.0.writes.push(Write {
            table,
            id: id.into(),
            expected,
            value: Some(Payload::from_json(json)),
        });
        self
    }

    pub(crate) fn delete(mut self, table: Table, id: &str, expected: ExpectedVersion) -> Self {
        self.0.writes.push(Write {
            table,
            id: id.into(),
            expected,
            value: None,
        });
        self
    }

    /// Has `event` of this name and number sent, not before `due`.
    pub(crate) fn send(mut self, name: &str, number: u32, due: Timestamp) -> Self {
        let envelope = event(name, number);
        self.0.outgoing.push(Outgoing { envelope, due });
        self
    }

    /// Takes back what is to be sent under this number.
    pub(crate) fn cancel(mut self, number: u32) -> Self {
        let id = MessageId::new(Uuid::from_u128(number.into()));
        self.0.cancelled.push(id);
        self
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.0
    }

    /// Commits what must go through.
    pub(crate) async fn commit_to<S: Store + ?Sized>(self, store: &S) -> Vec<Recorded> {
        store
            .commit(&self.0)
            .await
            .expect("nothing that is expected is stale")
    }

    /// Commits what must be refused.
    pub(crate) async fn expect_conflict<S: Store + ?Sized>(self, store: &S) -> Error {
        let err = store
            .commit(&self.0)
            .await
            .expect_err("something that is expected is stale");
        assert!(err.is_conflict(), "not a conflict: {err}");
        err
    }
}

pub(crate) async fn read_stream<S: Store + ?Sized>(store: &S, name: &str) -> Vec<Recorded> {
    store
        .read_stream(&stream(name), Version::NONE, usize::MAX)
        .await
        .expect("a stream can be read")
}

pub(crate) async fn read_category<S: Store + ?Sized>(
    store: &S,
    category: Option<&str>,
    after: Position,
    limit: usize,
) -> Vec<Recorded> {
    store
        .read_category(category, after, limit)
        .await
        .expect("a category can be read")
}

pub(crate) async fn read_all<S: Store + ?Sized>(store: &S) -> Vec<Recorded> {
    read_category(store, None, Position::START, usize::MAX).await
}

/// What [`event`] was given as numbers.
pub(crate) fn numbers(recorded: &[Recorded]) -> Vec<u64> {
    recorded
        .iter()
        .map(|it| it.envelope.message.to_value())
        .filter_map(|value| value.as_u64())
        .collect()
}

pub(crate) fn versions(recorded: &[Recorded]) -> Vec<u64> {
    recorded.iter().map(|it| it.version.as_u64()).collect()
}

pub(crate) async fn load<S: Store + ?Sized>(
    store: &S,
    table: Table,
    id: &str,
) -> Option<StoredState> {
    store.load(table, id).await.expect("a state can be loaded")
}

pub(crate) async fn get<S: Store + ?Sized>(
    store: &S,
    table: Table,
    id: &str,
) -> Option<StoredState> {
    store.get(table, id).await.expect("a row can be got")
}

/// The version and the content of what must be there.
pub(crate) fn content(stored: Option<StoredState>) -> (u64, Value) {
    let stored = stored.expect("it was written");
    (stored.version.as_u64(), stored.value.to_value())
}

pub(crate) async fn query<S: Store + ?Sized>(store: &S, query: &Query) -> Vec<Row> {
    store
        .query(DASHBOARD, query)
        .await
        .expect("rows can be queried")
}

/// The ids of the rows that `wanted` finds, joined by blanks.
pub(crate) async fn find_ids<S: Store + ?Sized>(store: &S, wanted: &Query) -> String {
    let rows = query(store, wanted).await;
    let ids: Vec<&str> = rows.iter().map(|row| &*row.id).collect();
    ids.join(" ")
}

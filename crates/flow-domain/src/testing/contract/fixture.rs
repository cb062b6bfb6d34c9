use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Error,
    json::Json,
    message::{
        CorrelationId, Envelope, ExpectedVersion, MessageId, MessageKind, MessageName, MessageType,
        Metadata, Payload, Position, Priority, Processing, Recorded, StreamName, Version,
    },
    port::{Changes, ExpectedStream, Outgoing, Query, Row, RowKeys, Store, StoredState, Write},
    record::{Table, TableKind},
};

pub(crate) const WRITER: &str = "OrderCommandHandler";
pub(crate) const ORDERS: Table = Table::new(TableKind::Aggregate, "Order");
pub(crate) const DASHBOARD: Table = Table::new(TableKind::Projection, "OrderDashboard");

/// Expects that there is no stream, state or row yet.
pub(crate) const ABSENT: ExpectedVersion = ExpectedVersion::Exact(Version::NONE);

pub(crate) const fn exact(version: u64) -> ExpectedVersion {
    ExpectedVersion::Exact(Version::new(version))
}

pub(crate) fn stream(name: &str) -> StreamName {
    name.parse()
        .expect("the contract tests use valid stream names")
}

/// Makes an event of the stream `name`. `number` is its content and its id.
pub(crate) fn event(name: &str, number: u32) -> Arc<Envelope> {
    event_with_content(name, number, &number.to_string())
}

/// Makes an event of the stream `name` with this content. `number` is its id.
pub(crate) fn event_with_content(name: &str, number: u32, json: &str) -> Arc<Envelope> {
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
            upcast_from: None,
        },
        message: Payload::from_json(json),
    })
}

/// Builds a set of changes, and commits it.
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
        self,
        table: Table,
        id: &str,
        expected: ExpectedVersion,
        json: &str,
    ) -> Self {
        self.write_row(table, id, expected, json, RowKeys::default())
    }

    pub(crate) fn write_row(
        mut self,
        table: Table,
        id: &str,
        expected: ExpectedVersion,
        json: &str,
        keys: RowKeys,
    ) -> Self {
        self.0.writes.push(Write {
            table,
            id: id.into(),
            expected,
            value: Some(Payload::from_json(json)),
            keys,
        });
        self
    }

    pub(crate) fn delete(mut self, table: Table, id: &str, expected: ExpectedVersion) -> Self {
        self.0.writes.push(Write {
            table,
            id: id.into(),
            expected,
            value: None,
            keys: RowKeys::default(),
        });
        self
    }

    /// Appends [`event`] of this stream and number, and adds it to the outbox.
    pub(crate) fn append_and_send(mut self, name: &str, number: u32) -> Self {
        let envelope = event(name, number);
        self.0.events.push(Arc::clone(&envelope));
        self.0.outgoing.push(Outgoing {
            envelope,
            due: None,
        });
        self
    }

    /// Adds [`event`] of this stream and number to the outbox, due at `due`.
    pub(crate) fn send(mut self, name: &str, number: u32, due: Timestamp) -> Self {
        let envelope = event(name, number);
        self.0.outgoing.push(Outgoing {
            envelope,
            due: Some(due),
        });
        self
    }

    /// Adds a command to the outbox that is otherwise as [`event`].
    pub(crate) fn schedule(mut self, name: &str, number: u32, due: Timestamp) -> Self {
        let mut command = Envelope::clone(&event(name, number));
        command.metadata.kind = MessageKind::Command;
        self.0.outgoing.push(Outgoing {
            envelope: Arc::new(command),
            due: Some(due),
        });
        self
    }

    /// Adds [`event`] of this stream and number to the outbox, to be sent at once.
    pub(crate) fn send_at_once(mut self, name: &str, number: u32) -> Self {
        let envelope = event(name, number);
        self.0.outgoing.push(Outgoing {
            envelope,
            due: None,
        });
        self
    }

    /// Cancels the outgoing message with this number.
    pub(crate) fn cancel(mut self, number: u32) -> Self {
        let id = MessageId::new(Uuid::from_u128(number.into()));
        self.0.cancelled.push(id);
        self
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.0
    }

    /// Commits the changes, which must succeed.
    pub(crate) async fn commit_to<S: Store + ?Sized>(self, store: &S) -> Vec<Recorded> {
        store
            .commit(&self.0)
            .await
            .expect("`commit` must succeed because no expected version is stale")
    }

    /// Commits the changes, which must fail with a conflict. Returns the conflict.
    pub(crate) async fn expect_conflict<S: Store + ?Sized>(self, store: &S) -> Error {
        let err = store
            .commit(&self.0)
            .await
            .expect_err("`commit` must fail because an expected version is stale");

        assert!(err.is_conflict(), "expected a conflict, found: {err}");
        err
    }
}

pub(crate) async fn read_stream<S: Store + ?Sized>(store: &S, name: &str) -> Vec<Recorded> {
    store
        .read_stream(&stream(name), Version::NONE, usize::MAX)
        .await
        .expect("`read_stream` must succeed")
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
        .expect("`read_category` must succeed")
}

pub(crate) async fn read_all<S: Store + ?Sized>(store: &S) -> Vec<Recorded> {
    read_category(store, None, Position::START, usize::MAX).await
}

/// Returns the numbers that [`event`] made these events from.
pub(crate) fn numbers(recorded: &[Recorded]) -> Vec<u64> {
    recorded
        .iter()
        .filter_map(|it| it.envelope.message.decode("number").ok())
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
    store.load(table, id).await.expect("`load` must succeed")
}

pub(crate) async fn get<S: Store + ?Sized>(
    store: &S,
    table: Table,
    id: &str,
) -> Option<StoredState> {
    store.get(table, id).await.expect("`get` must succeed")
}

/// Returns the version and the value of a state or row that must exist.
pub(crate) fn content(stored: Option<StoredState>) -> (u64, Json) {
    let stored = stored.expect("the state or row must exist because it was written");
    (
        stored.version.as_u64(),
        stored.value.to_json().expect("the store returns JSON"),
    )
}

pub(crate) async fn query<S: Store + ?Sized>(store: &S, query: &Query) -> Vec<Row> {
    store
        .query(DASHBOARD, query)
        .await
        .expect("`query` must succeed")
}

/// Returns the ids of the rows that match, joined by spaces.
pub(crate) async fn find_ids<S: Store + ?Sized>(store: &S, wanted: &Query) -> String {
    let rows = query(store, wanted).await;

    let ids: Vec<&str> = rows.iter().map(|row| &*row.id).collect();
    ids.join(" ")
}

pub(crate) fn json(text: &str) -> Json {
    text.parse().expect("the contract tests use valid JSON")
}

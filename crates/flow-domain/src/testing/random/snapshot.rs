use crate::{
    clock::Timestamp,
    message::{Position, Recorded, Version},
    port::{OutboxDue, OutboxRow, Query, Row, Store},
    testing::{
        contract::fixture::{DASHBOARD, stream},
        random::random_operations::{N_IDS, STATES, STREAMS, TABLES},
    },
};

/// Everything that can be read from a store, but only the events after a given position or version.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    last_position: Position,
    events: Vec<Vec<Recorded>>,
    tables: Vec<Vec<Row>>,
    n_rows: usize,
    row_versions: Vec<Option<Version>>,
    outbox: Vec<OutboxRow>,
    due: OutboxDue,
}

pub(crate) async fn snapshot(store: &dyn Store, after: u64, now: Timestamp) -> Snapshot {
    // There are four streams, so a version is about a quarter of a position.
    let (position, version) = (Position::new(after), Version::new(after / 4));
    let mut events = Vec::new();

    for category in [None, Some("order"), Some("payment")] {
        let recorded = store.read_category(category, position, 50).await;
        events.push(recorded.expect("a read of the store succeeds"));
    }
    for name in STREAMS {
        let recorded = store.read_stream(&stream(name), version, 50).await;
        events.push(recorded.expect("a read of the store succeeds"));
    }

    let mut row_versions = Vec::new();
    for id in 0..N_IDS {
        let stored = store
            .get(DASHBOARD, &id.to_string())
            .await
            .expect("a read of the store succeeds");
        row_versions.push(stored.map(|stored| stored.version));
    }

    let mut tables = Vec::new();
    for table in TABLES {
        let rows = store.query(table, &Query::default()).await;
        tables.push(rows.expect("a read of the store succeeds"));
    }
    Snapshot {
        last_position: store
            .last_position()
            .await
            .expect("a read of the store succeeds"),
        events,
        tables,
        n_rows: store
            .count(DASHBOARD, &[])
            .await
            .expect("a read of the store succeeds"),
        row_versions,
        outbox: store
            .rows(&STATES, usize::MAX)
            .await
            .expect("a read of the store succeeds"),
        due: store
            .next_due(now)
            .await
            .expect("a read of the store succeeds"),
    }
}

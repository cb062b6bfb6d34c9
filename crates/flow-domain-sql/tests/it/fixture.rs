use std::{
    env,
    ops::Deref,
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use flow_domain::{
    message::{Envelope, ExpectedVersion, Payload, Position, Recorded},
    port::{Changes, RowKeys, Store, Write},
    record::{Table, TableKind},
};
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};
use uuid::Uuid;

/// Returns the address of the server.
///
/// # Panics
///
/// Panics if no server is known. A feature that is on is tested, never skipped.
pub(crate) fn url() -> String {
    let url = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    url.expect(
        "the feature `postgres` needs a server in DATABASE_URL: run `scripts/test`, or one command with `scripts/postgres`",
    )
}

/// A schema that only one test uses. It is dropped with all its content.
pub(crate) struct TestSchema {
    pub(crate) name: SchemaName,
}

impl TestSchema {
    pub(crate) fn new() -> Self {
        static N_SCHEMAS: AtomicU32 = AtomicU32::new(0);

        let n = N_SCHEMAS.fetch_add(1, Ordering::Relaxed);
        // The quotes show a name that is not quoted somewhere.
        let name = format!("flow's \"test\" {} {n}", process::id());
        Self {
            name: SchemaName::new(name).expect("the name is valid"),
        }
    }

    /// Opens a store with few connections, without migrations.
    pub(crate) fn store(&self) -> PostgresStore {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_lazy(&url())
            .expect("DATABASE_URL is a URL");
        PostgresStore::with_pool(pool, self.name.clone())
    }

    /// Fills the quoted name into a statement.
    pub(crate) fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        let quoted = self.name.as_str().replace('"', "\"\"");
        AssertSqlSafe(text.replace("$schema", &format!("\"{quoted}\"")))
    }
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        let drop = self.sql("drop schema if exists $schema cascade");
        // A destructor cannot wait within the runtime of the test.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url()).await?;
                sqlx::raw_sql(drop).execute(&mut connection).await?;
                connection.close().await
            })
        });

        // A second panic while unwinding would hide the first.
        let is_dropped = dropped
            .join()
            .is_ok_and(|result: Result<(), sqlx::Error>| result.is_ok());
        assert!(
            is_dropped || thread::panicking(),
            "the schema must be dropped"
        );
    }
}

/// A store in a schema of its own.
pub(crate) struct TestStore {
    pub(crate) store: PostgresStore,
    pub(crate) schema: TestSchema,
}

impl Deref for TestStore {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

pub(crate) async fn open_store() -> TestStore {
    let schema = TestSchema::new();
    let store = schema.store();
    store.migrate().await.expect("the migrations run");

    TestStore { store, schema }
}

/// A connection for what a store does not do.
pub(crate) async fn connect() -> PgConnection {
    PgConnection::connect(&url())
        .await
        .expect("the server of DATABASE_URL can be reached")
}

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

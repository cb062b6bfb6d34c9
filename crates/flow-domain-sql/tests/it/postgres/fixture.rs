use std::{
    env,
    ops::Deref,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgPoolOptions};

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
        store_in(&self.name)
    }

    /// Fills the quoted name into a statement.
    pub(crate) fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        let quoted = self.name.as_str().replace('"', "\"\"");
        AssertSqlSafe(text.replace("$schema", &format!("\"{quoted}\"")))
    }
}

/// Opens a store with few connections in a schema.
pub(crate) fn store_in(schema: &SchemaName) -> PostgresStore {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .test_before_acquire(false)
        .connect_lazy(&url())
        .expect("DATABASE_URL is a URL");
    PostgresStore::with_pool(pool, schema.clone())
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        let drop = self.sql("drop schema if exists $schema cascade");
        // A second panic while unwinding would hide the first.
        let is_dropped = execute_at_end(drop.0);
        assert!(
            is_dropped || thread::panicking(),
            "the schema must be dropped"
        );
    }
}

/// Executes a statement in a destructor, which cannot wait within the runtime of the test.
///
/// Returns whether it went through.
pub(crate) fn execute_at_end(sql: String) -> bool {
    let executed = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url()).await?;
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await?;
            connection.close().await
        })
    });

    executed
        .join()
        .is_ok_and(|result: Result<(), sqlx::Error>| result.is_ok())
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

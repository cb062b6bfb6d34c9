use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex as BlockingMutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use flow_domain::{Error, testing::OpenedStore};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::Mutex;

use crate::postgres::{
    PostgresStore,
    backend::{failures::no_schema, server_probe::acquire, sweep::sweep, test_schema::TestSchema},
    migrations,
};

/// The number of connections for the runs.
///
/// A schema always has the same connection, because a connection prepares the statements of each schema
/// once.
const N_CONNECTIONS: usize = 16;

/// How long a call waits for its connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A commit does not wait for the disk. A statement that waits too long fails.
const SESSION: &str = "set synchronous_commit = off; set statement_timeout = '20s'";

const RESET: &str = include_str!("../sql/reset.sql");

/// The schemas of this process for its test runs.
pub(super) struct SchemaPool {
    options: PgConnectOptions,
    connections: [OnceLock<PgPool>; N_CONNECTIONS],
    free: BlockingMutex<BTreeSet<TestSchema>>,
    owner: Mutex<Owner>,
}

/// Holds the locks on the schemas of this process.
#[derive(Default)]
struct Owner {
    /// `None` before the first run.
    connection: Option<PgConnection>,
    /// The smallest number that this process has not tried to lock.
    next_number: i32,
}

impl SchemaPool {
    pub(super) fn new(options: PgConnectOptions) -> Arc<Self> {
        Arc::new(Self {
            options,
            connections: [const { OnceLock::new() }; N_CONNECTIONS],
            free: BlockingMutex::default(),
            owner: Mutex::default(),
        })
    }

    /// Opens a store in a schema that is empty, and that nobody else uses.
    pub(super) async fn open(self: &Arc<Self>) -> Result<OpenedStore, Error> {
        let result = async {
            let free = self.free().pop_first();
            let schema = match free {
                Some(schema) => schema,
                None => self.lock_schema().await?,
            };
            let lease = SchemaLease {
                schema,
                schemas: Arc::clone(self),
            };

            let pool = self.connection(schema);
            let mut connection = acquire(pool).await?;
            connection.execute(sqlx::raw_sql(schema.sql(RESET))).await?;
            let store = PostgresStore::with_pool(pool.clone(), schema.name()).for_test_runs();
            Ok(OpenedStore::with_lease(store, lease))
        };
        result.await.map_err(|err| no_schema(&self.options, err))
    }

    fn free(&self) -> MutexGuard<'_, BTreeSet<TestSchema>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks a schema that no process uses, and brings it to the version of this program.
    async fn lock_schema(&self) -> Result<TestSchema, sqlx::Error> {
        let mut owner = self.owner.lock().await;
        let mut connection = match owner.connection.take() {
            Some(connection) => connection,
            None => self.begin().await?,
        };

        // After an error, the connection is closed, and its locks are gone.
        loop {
            let schema = TestSchema {
                number: owner.next_number,
            };
            owner.next_number += 1;
            if !schema.try_lock(&mut connection).await? {
                continue;
            }
            if schema.ensure(&mut connection).await? {
                migrations::run(&mut connection, &schema.name()).await?;
                owner.connection = Some(connection);
                return Ok(schema);
            }
            schema.unlock(&mut connection).await?;
        }
    }

    /// Connects to the server, and begins to remove what earlier processes have left.
    async fn begin(&self) -> Result<PgConnection, sqlx::Error> {
        let connection = PgConnection::connect_with(&self.options).await?;
        // The run does not wait for it. The next process removes what this one does not.
        tokio::spawn(sweep(self.options.clone()));
        Ok(connection)
    }

    fn connection(&self, schema: TestSchema) -> &PgPool {
        let idx = usize::try_from(schema.number).unwrap_or_default() % N_CONNECTIONS;
        self.connections[idx].get_or_init(|| {
            PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        connection.execute(SESSION).await?;
                        Ok(())
                    })
                })
                .connect_lazy_with(self.options.clone())
        })
    }
}

/// Gives a schema back for the next run.
struct SchemaLease {
    schema: TestSchema,
    schemas: Arc<SchemaPool>,
}

impl Drop for SchemaLease {
    fn drop(&mut self) {
        self.schemas.free().insert(self.schema);
    }
}

impl fmt::Debug for SchemaLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SchemaLease")
            .field(&self.schema.name())
            .finish()
    }
}

use std::{fmt, time::Duration};

use flow_domain::{
    Error,
    message::Recorded,
    port::{Changes, PortFuture, Store},
};
use sqlx::{
    Connection as _, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

#[cfg(feature = "testing")]
use crate::postgres::backend;
use crate::{
    DeclaredIndexes, SchemaName,
    postgres::{
        binding::single,
        errors::{self, ADAPTER},
        indexes, migrations,
        statements::{Statements, sql_str},
    },
};

/// A store in one schema of a PostgreSQL database.
///
/// Several apps can share a database, each in a schema of its own. See the
/// [module](crate::postgres) for what the store needs.
///
/// # Examples
///
/// ```no_run
/// use flow_domain_sql::{SchemaName, postgres::PostgresStore};
///
/// # async fn example() -> Result<(), flow_domain::Error> {
/// let schema = SchemaName::new("shop")?;
/// let store = PostgresStore::connect("postgres://shop@localhost/shop", schema).await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    pub(super) pool: PgPool,
    pub(super) schema: SchemaName,
    pub(super) statements: Statements,
    /// Whether a call fails at once if the server refuses connections.
    #[cfg(feature = "testing")]
    is_for_test_runs: bool,
}

/// A connection that was idle for longer is tested before it is used.
const TESTED_AFTER: Duration = Duration::from_secs(1);

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

impl PostgresStore {
    /// Opens a store with a pool of its own. It connects when it is first used.
    ///
    /// The address is a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the address is no valid URL.
    pub fn open(url: &str, schema: SchemaName) -> Result<Self, Error> {
        Ok(Self::with_pool(pool(url)?, schema))
    }

    /// Opens a store with a pool of its own, and connects to the server.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open), and an error if the server cannot be reached.
    pub async fn connect(url: &str, schema: SchemaName) -> Result<Self, Error> {
        let store = Self::open(url, schema)?;
        store.connection("connecting").await?;
        Ok(store)
    }

    /// Opens a store with a pool that may have other users.
    ///
    /// [`close`](Store::close) closes the pool.
    pub fn with_pool(pool: PgPool, schema: SchemaName) -> Self {
        Self {
            statements: Statements::new(&schema),
            pool,
            schema,
            #[cfg(feature = "testing")]
            is_for_test_runs: false,
        }
    }

    /// Lets no call wait for a server that refuses connections.
    #[cfg(feature = "testing")]
    pub(super) fn for_test_runs(self) -> Self {
        Self {
            is_for_test_runs: true,
            ..self
        }
    }

    /// Makes the schema and its tables, or changes them to those of this version. Does nothing if they are.
    ///
    /// Programs that call this at the same time wait for each other. The user of the connection needs the
    /// right to create a schema. Where it has none, run [`migrations`](Self::migrations) by hand.
    ///
    /// # Errors
    ///
    /// Returns an error if the database refuses a statement. Then nothing was changed.
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut connection = self.connection("migrate").await?;
        migrations::run(&mut connection, &self.schema)
            .await
            .map_err(|err| errors::failure("migrate", err))
    }

    /// Returns the migrations of a schema as plain SQL, for example for `psql`.
    pub fn migrations(schema: &SchemaName) -> String {
        migrations::script(schema)
    }

    /// Checks that the schema has all migrations of this version.
    ///
    /// A schema that is newer is fine: an older program keeps working during a deployment.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if a migration is missing.
    pub async fn check_migrations(&self) -> Result<(), Error> {
        const OPERATION: &str = "reading the schema version";
        let rows = self
            .fetch(OPERATION, || {
                sqlx::query(self.statements.schema_version.clone())
            })
            .await?;
        let version: i32 = single(OPERATION, &rows)?;

        let expected = migrations::version();
        if version < expected {
            return Err(Error::setup(format!(
                "the schema `{}` is at version {version}, and this program needs version {expected}: \
                 call `PostgresStore::migrate`, or run the SQL of `PostgresStore::migrations`",
                self.schema
            )));
        }
        Ok(())
    }

    /// Makes the indexes of declared fields that are missing, and drops those that are no longer declared.
    ///
    /// It builds each index concurrently: nobody waits for it. Programs that call this at the same time wait
    /// for each other. A query needs no index, but without one it reads all rows of its projection.
    ///
    /// Indexes of projections that are not listed stay as they are.
    ///
    /// # Errors
    ///
    /// Returns an error if the database refuses an index. The indexes before it are made.
    pub async fn migrate_indexes(&self, indexes: &[DeclaredIndexes]) -> Result<(), Error> {
        let mut connection = self.connection("migrate_indexes").await?;
        indexes::run(&mut connection, &self.schema, indexes)
            .await
            .map_err(|err| errors::failure("migrate_indexes", err))
    }

    /// Writes the table of states anew, without what was deleted or replaced.
    ///
    /// Call it after a person was erased; see `flow_domain::Personal`. Commits and loads wait for it, so the keys are
    /// best in a store of their own. The log of the server has the old rows until the server reuses its files, and
    /// backups have them as long as they are kept.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot be reached, or if the user does not own the table.
    pub async fn vacuum(&self) -> Result<(), Error> {
        let vacuum = sql_str(self.schema.fill(r#"vacuum full :"schema".state"#));
        self.fetch("vacuum", || sqlx::query(vacuum.clone())).await?;
        Ok(())
    }

    pub(super) async fn connection(
        &self,
        operation: &'static str,
    ) -> Result<PoolConnection<Postgres>, Error> {
        self.acquire()
            .await
            .map_err(|err| errors::failure(operation, err))
    }

    /// Waits for a connection of the pool.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        #[cfg(feature = "testing")]
        if self.is_for_test_runs {
            return backend::acquire(&self.pool).await;
        }
        self.pool.acquire().await
    }

    /// Takes a connection that answers. After a restart of the server, all idle connections are dead.
    pub(super) async fn acquire_live(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let n_idle = self.pool.options().get_max_connections();
        for _ in 0..n_idle {
            let mut connection = self.acquire().await?;
            if connection.ping().await.is_ok() {
                return Ok(connection);
            }
            connection.close_on_drop();
        }

        self.acquire().await
    }
}

/// Returns the options in an address.
pub(super) fn parse_url(url: &str) -> Result<PgConnectOptions, Error> {
    // The error of sqlx may show a part of the URL, so it is left out.
    url.parse().map_err(|_err| {
        Error::setup(format!(
            "the address of the {ADAPTER} store is no valid URL: it should look like \
             `postgres://user:password@host:5432/database`"
        ))
    })
}

fn pool(url: &str) -> Result<PgPool, Error> {
    let options = parse_url(url)?;

    Ok(PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for < TESTED_AFTER {
                    return Ok(true);
                }
                Ok(connection.ping().await.is_ok())
            })
        })
        .connect_lazy_with(options))
}

impl Store for PostgresStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(self.commit_changes(changes))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::boxed(async {
            self.pool.close().await;
            Ok(())
        })
    }
}

impl fmt::Debug for PostgresStore {
    // The options of the pool have the password in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

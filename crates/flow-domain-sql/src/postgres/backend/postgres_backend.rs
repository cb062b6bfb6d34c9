use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use flow_domain::{
    Error,
    port::PortFuture,
    testing::{Backend, OpenedStore},
};
use sqlx::PgPool;

use crate::postgres::{backend::schema_pool::SchemaPool, errors::ADAPTER, store::parse_url};

/// Opens a schema of a PostgreSQL database for each test run.
///
/// The schemas have the names `flow_test_0`, `flow_test_1`, and so on. A run uses one that no other run of
/// any process uses, and empties it first. Schemas stay in the database for later runs. A process removes
/// what earlier processes have left in them, also if they were killed. It touches no other schema.
///
/// The user of the connection needs the right to create schemas.
///
/// A process uses up to 18 connections: 16 for the runs, one that holds the locks on its schemas, and at its start
/// one that removes leftovers. Their commits do not wait for the disk.
#[derive(Clone)]
pub struct PostgresBackend {
    schemas: Result<Arc<SchemaPool>, Arc<str>>,
}

impl PostgresBackend {
    /// Uses the database at this address: `postgres://user:password@host:5432/database`.
    ///
    /// All backends of a process with the same address share their schemas and connections.
    pub fn new(url: &str) -> Self {
        static POOLS: Mutex<BTreeMap<String, Arc<SchemaPool>>> = Mutex::new(BTreeMap::new());

        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schemas) = pools.get(url) {
            return Self {
                schemas: Ok(Arc::clone(schemas)),
            };
        }

        let schemas = match parse_url(url) {
            Ok(options) => Ok(SchemaPool::new(options)),
            Err(err) => Err(err.to_string().into()),
        };
        if let Ok(schemas) = &schemas {
            pools.insert(url.to_owned(), Arc::clone(schemas));
        }
        Self { schemas }
    }

    /// Uses the database of this pool, for example the one of `#[sqlx::test]`.
    ///
    /// The connections are not those of the pool, which belong to the runtime of the test. They are closed
    /// with the last run.
    ///
    /// # Examples
    ///
    /// A test whose database sqlx makes and drops. `#[sqlx::test]` needs the feature `macros` of sqlx:
    ///
    /// ```
    /// use flow_domain_sql::postgres::PostgresBackend;
    /// use flow_harness::prelude::*;
    /// use shop::{PlaceOrder, StockRefused};
    ///
    /// # /*
    /// #[sqlx::test]
    /// # */
    /// async fn order_needs_stock(pool: sqlx::PgPool) {
    ///     FlowHarness::new(shop::domain)
    ///         .backend(PostgresBackend::of_pool(&pool))
    ///         .when(PlaceOrder {
    ///             order_id: "ord-1".into(),
    ///             customer_id: "ada".into(),
    ///             product_id: "tea".into(),
    ///             quantity: 2,
    ///             total_cents: 1_200,
    ///         })
    ///         .then(expect::event_matching(|event: &StockRefused| event.available == 0))
    ///         .await;
    /// }
    /// ```
    pub fn of_pool(pool: &PgPool) -> Self {
        Self {
            schemas: Ok(SchemaPool::new((*pool.connect_options()).clone())),
        }
    }
}

impl Backend for PostgresBackend {
    fn name(&self) -> &'static str {
        ADAPTER
    }

    fn open(&self) -> PortFuture<'_, OpenedStore> {
        match &self.schemas {
            Ok(schemas) => PortFuture::boxed(schemas.open()),
            Err(text) => PortFuture::ready(Err(Error::setup(&**text))),
        }
    }
}

impl fmt::Debug for PostgresBackend {
    // The options of the connections have the password in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresBackend")
    }
}

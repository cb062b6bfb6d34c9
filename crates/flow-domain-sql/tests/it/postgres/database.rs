use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::postgres::fixture::{connect, execute_at_end, url};

/// A database that only one test uses. It is dropped at the end, also with open connections.
pub(crate) struct TestDatabase {
    pub(crate) name: String,
    /// A pool of the test for this database.
    pub(crate) pool: PgPool,
}

impl TestDatabase {
    pub(crate) async fn new() -> Self {
        static N_DATABASES: AtomicU32 = AtomicU32::new(0);

        let n = N_DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("flow_test_database_{}_{n}", process::id());
        let mut connection = connect().await;
        let create = AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(create)
            .execute(&mut connection)
            .await
            .expect("the user of the tests can make a database");

        let pool = pool_of(&Self::options_of(&name));
        Self { name, pool }
    }

    /// Returns the options of a connection to the database with this name.
    pub(crate) fn options_of(name: &str) -> PgConnectOptions {
        let options: PgConnectOptions = url().parse().expect("DATABASE_URL is a URL");
        options.database(name)
    }

    /// Returns the options of a connection to this database.
    pub(crate) fn options(&self) -> PgConnectOptions {
        Self::options_of(&self.name)
    }

    /// Returns one number that a query finds in this database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.pool)
            .await
            .expect("the query is valid")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await
            .expect("the statement is valid");
    }
}

/// Returns a pool with two connections.
pub(crate) fn pool_of(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .connect_lazy_with(options.clone())
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let is_dropped = execute_at_end(format!("drop database {} with (force)", self.name));
        assert!(
            is_dropped || thread::panicking(),
            "the database must be dropped"
        );
    }
}

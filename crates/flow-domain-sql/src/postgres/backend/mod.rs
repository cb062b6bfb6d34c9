//! Opens a schema for each test run.

mod failures;
mod postgres_backend;
mod schema_pool;
mod sweep;
mod test_schema;

pub use postgres_backend::PostgresBackend;

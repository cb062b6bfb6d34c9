//! Opens a schema for each test run.

mod failures;
mod postgres_backend;
mod schema_pool;
mod server_probe;
mod sweep;
mod test_schema;

pub use postgres_backend::PostgresBackend;
pub(super) use server_probe::acquire;

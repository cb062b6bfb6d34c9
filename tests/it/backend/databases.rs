use std::env;

use flow_harness::{
    FlowHarness,
    backend::{PostgresBackend, SqliteBackend},
};

/// A database on which a test runs a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    SqliteInMemory,
    SqliteFile,
    Postgres,
}

impl Database {
    /// Returns the harness with this backend.
    pub(crate) fn under(self, harness: FlowHarness) -> FlowHarness {
        match self {
            Self::SqliteInMemory => harness.backend(SqliteBackend::in_memory()),
            Self::SqliteFile => {
                let folder = env::temp_dir().join("flow-harness-tests");
                harness.backend(SqliteBackend::in_folder(folder))
            }
            Self::Postgres => harness.backend(PostgresBackend::new(&server_url())),
        }
    }
}

/// Returns the address of the server.
///
/// # Panics
///
/// Panics if no server is known. A feature that is on is tested, never skipped.
pub(crate) fn server_url() -> String {
    let url = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    url.expect(
        "the feature `postgres` needs a server in DATABASE_URL: run `scripts/test`, or one command with `scripts/postgres`",
    )
}

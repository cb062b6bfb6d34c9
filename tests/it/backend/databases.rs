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
            Self::SqliteFile => harness.backend(sqlite_files()),
            Self::Postgres => harness.backend(PostgresBackend::new(&server_url())),
        }
    }

    /// Returns the harness with this backend as the second one.
    pub(crate) fn beside(self, harness: FlowHarness) -> FlowHarness {
        match self {
            Self::SqliteInMemory => harness.compare_backend(SqliteBackend::in_memory()),
            Self::SqliteFile => harness.compare_backend(sqlite_files()),
            Self::Postgres => harness.compare_backend(PostgresBackend::new(&server_url())),
        }
    }
}

fn sqlite_files() -> SqliteBackend {
    SqliteBackend::in_folder(env::temp_dir().join("flow-harness-tests"))
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

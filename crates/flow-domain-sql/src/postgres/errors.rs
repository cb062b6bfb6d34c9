//! The failures of the database as errors of the port.

use std::io;

use flow_domain::Error;
use serde::Deserialize;
use sqlx::postgres::PgDatabaseError;

use crate::batch::{Batch, Refused};

pub(super) const ADAPTER: &str = "postgres";

/// How often a statement is sent again that the server has ended to resolve a deadlock, or that could not be
/// sent because the connection was cut.
pub(super) const MAX_TRIES: u32 = 5;

/// The detail of the error with which `refuse_1` ends a commit.
#[derive(Deserialize)]
struct Refusal {
    what: String,
    idx: usize,
    found: Option<i64>,
}

/// The state of the error with which `refuse_1` ends a commit.
const REFUSED: &str = "FD001";

/// Returns the error for an operation that was not done.
pub(super) fn failure(operation: &'static str, err: sqlx::Error) -> Error {
    Error::adapter(ADAPTER, operation, Failure::from(err))
}

/// Returns the error of a commit that was sent.
pub(super) fn commit_failure(batch: &Batch<'_>, err: sqlx::Error) -> Error {
    if let Some(refused) = refusal(batch, &err) {
        return refused;
    }

    if is_answer_lost(&err) {
        Error::unknown(ADAPTER, "commit", Failure::from(err))
    } else {
        failure("commit", err)
    }
}

fn refusal(batch: &Batch<'_>, err: &sqlx::Error) -> Option<Error> {
    let err = postgres_error(err)?;
    if err.code() != REFUSED {
        return None;
    }

    let refusal: Refusal = serde_json::from_str(err.detail()?).ok()?;
    let refused = match refusal.what.as_str() {
        "fence" => Refused::Fence(refusal.idx),
        "stream" => Refused::Stream(refusal.idx),
        "state" => Refused::State(refusal.idx),
        "table" => Refused::Table(refusal.idx),
        _ => return None,
    };
    batch.refusal(refused, refusal.found)
}

fn postgres_error(err: &sqlx::Error) -> Option<&PgDatabaseError> {
    err.as_database_error()?.try_downcast_ref()
}

/// Returns true if the server ended the transaction, and would do the same work now.
pub(super) fn is_transient(err: &sqlx::Error) -> bool {
    // A serialization failure or a deadlock.
    postgres_error(err).is_some_and(|err| matches!(err.code(), "40001" | "40P01"))
}

/// Returns true if a statement was sent and may have been done: there is no answer, or the server stopped.
pub(super) fn is_answer_lost(err: &sqlx::Error) -> bool {
    match err {
        // The classes of a lost connection and of a server that stops.
        sqlx::Error::Database(_) => postgres_error(err)
            .is_some_and(|err| err.code().starts_with("08") || err.code().starts_with("57P")),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Returns true if the connection was lost, so that another connection may succeed.
pub(super) fn is_connection_lost(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(err) => err.kind() != io::ErrorKind::ConnectionRefused,
        _ => is_answer_lost(err),
    }
}

/// A failure of the database, told once: the errors of sqlx repeat their causes in their texts.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Failure {
    text: String,
}

impl From<sqlx::Error> for Failure {
    fn from(err: sqlx::Error) -> Self {
        let Self { text } = Self::without_advice(&err);

        Self {
            text: match advice(&err) {
                Some(advice) => format!("{text}: {advice}"),
                None => text,
            },
        }
    }
}

impl Failure {
    /// Returns what happened, without what to do.
    pub(super) fn without_advice(err: &sqlx::Error) -> Self {
        let text = match err {
            sqlx::Error::PoolTimedOut => {
                "got no connection in time: the server cannot be reached, \
                or all connections of the pool are in use"
                    .to_owned()
            }
            sqlx::Error::Io(err) if err.kind() == io::ErrorKind::ConnectionRefused => {
                "the server refuses connections".to_owned()
            }
            err => match postgres_error(err) {
                Some(err) => format!("{} (SQLSTATE {})", err.message(), err.code()),
                None => err.to_string(),
            },
        };
        Self { text }
    }
}

/// Returns what to do.
fn advice(err: &sqlx::Error) -> Option<&str> {
    if let sqlx::Error::Io(err) = err
        && err.kind() == io::ErrorKind::ConnectionRefused
    {
        return Some("start it again, or correct the address");
    }

    let err = postgres_error(err)?;
    match err.code() {
        // There is no such table, function, column or schema.
        "42P01" | "42883" | "42703" | "3F000" => {
            Some("run the migrations, see `PostgresStore::migrate`")
        }
        "42501" => Some(
            "grant the user this right, or let an owner run the SQL of `PostgresStore::migrations`",
        ),
        _ => err.hint(),
    }
}

//! Why there is no schema for a test run, in one sentence.

use flow_domain::Error;
use sqlx::{error::DatabaseError, postgres::PgConnectOptions};

use crate::postgres::errors::Failure;

/// Returns the error for a run that gets no schema.
pub(super) fn no_schema(options: &PgConnectOptions, err: sqlx::Error) -> Error {
    let code = err.as_database_error().and_then(DatabaseError::code);
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);

    let advice = match (code.as_deref(), &err) {
        (Some("28P01" | "28000"), _) => {
            "correct the user or the password in the address".to_owned()
        }
        (Some("3D000"), _) => format!("make it with `createdb {database}`, or correct the address"),
        (Some("42501"), _) => {
            format!("let an owner run `grant create on database \"{database}\" to \"{user}\"`")
        }
        (Some("53300"), _) => {
            "raise `max_connections` of the server: a test process uses up to 18".to_owned()
        }
        (None, sqlx::Error::Io(_)) => "start the server, or correct the address".to_owned(),
        _ => "a test run needs a schema of its own".to_owned(),
    };

    let (host, port) = (options.get_host(), options.get_port());
    let reason = Failure::without_advice(&err);
    Error::setup(format!(
        "PostgreSQL at `{host}:{port}` gives no schema for the run: {reason}; {advice}"
    ))
}

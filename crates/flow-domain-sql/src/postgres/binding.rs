use flow_domain::Error;
use sqlx::{Postgres, Row as _, postgres::PgRow, query::Query};

use crate::{
    encoding::{EventColumns, OutboxColumns, StateColumns},
    postgres::{
        PostgresStore,
        errors::{self, MAX_TRIES},
    },
};

pub(super) type PgQuery<'q> = Query<'q, Postgres, sqlx::postgres::PgArguments>;

impl PostgresStore {
    /// Runs a statement that can be repeated, and returns its rows.
    ///
    /// It is repeated if its connection was cut, or if the server ended it to resolve a deadlock.
    pub(super) async fn fetch<'q>(
        &self,
        operation: &'static str,
        query: impl Fn() -> PgQuery<'q>,
    ) -> Result<Vec<PgRow>, Error> {
        let mut n_tries = 1;
        loop {
            match query().fetch_all(&self.pool).await {
                Ok(rows) => return Ok(rows),
                Err(err) if n_tries < MAX_TRIES && can_repeat(&err) => n_tries += 1,
                Err(err) => return Err(errors::failure(operation, err)),
            }
        }
    }

    /// Like [`fetch`](Self::fetch), for a statement that returns no rows. Returns the number of changed rows.
    pub(super) async fn execute<'q>(
        &self,
        operation: &'static str,
        query: impl Fn() -> PgQuery<'q>,
    ) -> Result<u64, Error> {
        let mut n_tries = 1;
        loop {
            match query().execute(&self.pool).await {
                Ok(done) => return Ok(done.rows_affected()),
                Err(err) if n_tries < MAX_TRIES && can_repeat(&err) => n_tries += 1,
                Err(err) => return Err(errors::failure(operation, err)),
            }
        }
    }
}

fn can_repeat(err: &sqlx::Error) -> bool {
    errors::is_transient(err) || errors::is_connection_lost(err)
}

/// Reads the columns of a row. The statements name them.
pub(super) fn event(row: &PgRow) -> Result<EventColumns, sqlx::Error> {
    Ok(EventColumns {
        position: row.try_get("position")?,
        version: row.try_get("version")?,
        metadata: row.try_get("metadata")?,
        payload: row.try_get("payload")?,
    })
}

/// Reads the columns of a row. The statements name them.
pub(super) fn outbox_row(row: &PgRow) -> Result<OutboxColumns, sqlx::Error> {
    Ok(OutboxColumns {
        number: row.try_get("number")?,
        metadata: row.try_get("metadata")?,
        payload: row.try_get("payload")?,
        due: row.try_get("due")?,
        state: row.try_get("state")?,
        n_failures: row.try_get("n_failures")?,
        error: row.try_get("error")?,
    })
}

/// Reads the columns of a row. The statements name them.
pub(super) fn state(row: &PgRow) -> Result<StateColumns, sqlx::Error> {
    Ok(StateColumns {
        version: row.try_get("version")?,
        value: row.try_get("value")?,
        keys: row.try_get("keys")?,
    })
}

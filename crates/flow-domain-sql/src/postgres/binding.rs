use flow_domain::Error;
use sqlx::{Postgres, Row as _, postgres::PgRow, query::Query};

use crate::{
    encoding::{EventColumns, StateColumns},
    outbox_columns::OutboxColumns,
    postgres::{
        PostgresStore,
        errors::{self, MAX_TRIES},
    },
};

pub(super) type PgQuery<'q> = Query<'q, Postgres, sqlx::postgres::PgArguments>;

impl PostgresStore {
    /// Runs a statement that can be repeated, and returns its rows. See [`Self::fetch_again`].
    pub(super) async fn fetch<'q>(
        &self,
        operation: &'static str,
        query: impl Fn() -> PgQuery<'q>,
    ) -> Result<Vec<PgRow>, Error> {
        self.fetch_again(operation, |_| query()).await
    }

    /// Repeats a statement if its connection was cut, or if the server ended it to resolve a deadlock.
    ///
    /// `query` gets whether an earlier try may have gone through.
    pub(super) async fn fetch_again<'q>(
        &self,
        operation: &'static str,
        query: impl Fn(bool) -> PgQuery<'q>,
    ) -> Result<Vec<PgRow>, Error> {
        let (mut n_tries, mut may_be_done) = (1, false);

        loop {
            let fetched = async {
                let mut connection = match n_tries {
                    1 => self.acquire().await?,
                    _ => self.acquire_live().await?,
                };
                query(may_be_done).fetch_all(&mut *connection).await
            };
            let err = match fetched.await {
                Ok(rows) => return Ok(rows),
                Err(err) => err,
            };
            let can_repeat = errors::is_transient(&err) || errors::is_connection_lost(&err);
            if n_tries == MAX_TRIES || !can_repeat {
                return Err(errors::failure(operation, err));
            }
            n_tries += 1;
            may_be_done |= errors::is_answer_lost(&err);
        }
    }
}

/// Returns the first column of the only row of a result.
pub(super) fn single<'r, T>(operation: &'static str, rows: &'r [PgRow]) -> Result<T, Error>
where
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    let value = match rows.first() {
        Some(row) => row.try_get(0),
        None => Err(sqlx::Error::RowNotFound),
    };
    value.map_err(|err| errors::failure(operation, err))
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
        kind: row.try_get("kind")?,
        category: row.try_get("category")?,
        stream_id: row.try_get("stream_id")?,
        message_id: row.try_get("message_id")?,
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

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error,
    message::{Payload, Version},
    port::{
        AggregateStore, Condition, PortFuture, ProjectionStore, QueriedRow, Query, Row, StoredState,
    },
    record::Table,
};
use sqlx::{Row as _, SqlStr, postgres::PgRow};

use crate::{
    encoding,
    postgres::{
        PostgresStore,
        binding::{self, PgQuery},
        errors,
        query_sql::{Select, SelectKind},
        statements::sql_str,
    },
};

impl AggregateStore for PostgresStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        PortFuture::boxed(async move {
            let kind = encoding::kind_name(table.kind)?;
            let rows = self
                .fetch("load", || {
                    sqlx::query(self.statements.load.clone())
                        .bind(kind)
                        .bind(table.name)
                        .bind(id)
                })
                .await?;

            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let state = binding::state(row).map_err(|err| errors::failure("load", err))?;
            state.decode(id).map(Some)
        })
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch("forget", || {
                    sqlx::query(self.statements.forget.clone()).bind(encoding::micros(age))
                })
                .await?;
            let n_deleted: i64 = binding::single("forget", &rows)?;
            Ok(usize::try_from(n_deleted).unwrap_or(usize::MAX))
        })
    }
}

impl ProjectionStore for PostgresStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.load(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        PortFuture::boxed(async move {
            let select = Select::new(&self.schema, table, query, SelectKind::Rows)?;
            let rows = self.select("query", table, select).await?;
            rows.iter()
                .filter_map(|row| view_row(row).transpose())
                .collect()
        })
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        PortFuture::boxed(async move {
            let mut query = Query::default();
            query.conditions = conditions.to_vec();
            let select = Select::new(&self.schema, table, &query, SelectKind::Count)?;

            let rows = self.select("count", table, select).await?;
            let count = rows.first().map(|row| row.try_get("n")).transpose();
            let count: Option<i64> = count.map_err(|err| errors::failure("count", err))?;
            Ok(usize::try_from(count.unwrap_or(0)).unwrap_or(0))
        })
    }

    fn table_version(&self, table: Table) -> PortFuture<'_, Version> {
        PortFuture::boxed(async move {
            let kind = encoding::kind_name(table.kind)?;
            let rows = self
                .fetch("table_version", || {
                    sqlx::query(self.statements.table_version.clone())
                        .bind(kind)
                        .bind(table.name)
                })
                .await?;
            let version = binding::single("table_version", &rows)?;
            Ok(Version::new(encoding::number(version)))
        })
    }
}

impl PostgresStore {
    /// Returns how the database would run a query, as the text of `EXPLAIN`.
    ///
    /// A query by a declared field uses an index of
    /// [`migrate_indexes`](PostgresStore::migrate_indexes). Any other query reads all rows of its table.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be reached.
    pub async fn explain(&self, table: Table, query: &Query) -> Result<String, Error> {
        let select = Select::new(&self.schema, table, query, SelectKind::Rows)?;
        let sql = sql_str(format!("explain (costs off) {}", select.sql));
        let rows = self
            .fetch("explain", || bound(&sql, &select.values))
            .await?;

        let lines = rows.iter().map(|row| row.try_get(0));
        let lines: Vec<String> = lines
            .collect::<Result<_, _>>()
            .map_err(|err| errors::failure("explain", err))?;
        Ok(lines.join("\n"))
    }

    /// Runs a query, and checks that each row has the keys that it needs.
    async fn select(
        &self,
        operation: &'static str,
        table: Table,
        select: Select,
    ) -> Result<Vec<PgRow>, Error> {
        let sql = sql_str(select.sql);
        let selected = self.fetch(operation, || bound(&sql, &select.values)).await;

        let rows = match selected {
            Ok(rows) => rows,
            Err(err) => return Err(self.unreadable_row(table).await.unwrap_or(err)),
        };
        match rows.first() {
            Some(row) => check_keys(row).map(|()| rows),
            None => Ok(rows),
        }
    }

    /// Returns the error of the first row that is not JSON, if there is one.
    ///
    /// PostgreSQL accepts some texts that are no JSON, and does not say which row it could not read.
    async fn unreadable_row(&self, table: Table) -> Option<Error> {
        let all = Select::new(&self.schema, table, &Query::default(), SelectKind::Rows).ok()?;
        let sql = sql_str(all.sql);
        let rows = self
            .fetch("query", || sqlx::query(sql.clone()))
            .await
            .ok()?;

        rows.iter().find_map(|row| {
            let row = view_row(row).ok()??;
            let err = row.value.to_json().err()?;
            Some(Error::failed(
                format!("reading row `{}` of {table}", row.id),
                err,
            ))
        })
    }
}

/// Returns a statement with its values.
fn bound<'q>(sql: &SqlStr, values: &'q [String]) -> PgQuery<'q> {
    let query = sqlx::query(sql.clone());
    values
        .iter()
        .fold(query, |query, value| query.bind(value.as_str()))
}

/// Returns the row of a view, or `None` for the row that has no content.
fn view_row(row: &PgRow) -> Result<Option<Row>, Error> {
    let failure = |err| errors::failure("reading a row", err);
    let id: Option<String> = row.try_get("id").map_err(failure)?;
    let value: Option<String> = row.try_get("value").map_err(failure)?;

    Ok(id.zip(value).map(|(id, value)| Row {
        id: Arc::from(id),
        value: Payload::from_json(value),
    }))
}

/// Fails if a row has no key of a declared field. Each row of the result says so.
fn check_keys(row: &PgRow) -> Result<(), Error> {
    let failure = |err| errors::failure("reading a row", err);
    let id: Option<String> = row.try_get("missing_id").map_err(failure)?;
    let field: Option<String> = row.try_get("missing_field").map_err(failure)?;

    match id.zip(field) {
        // The same error as that of any other store.
        Some((id, field)) => Err(QueriedRow::missing_key(&id, &field)),
        None => Ok(()),
    }
}

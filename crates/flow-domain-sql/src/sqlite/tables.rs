use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error,
    message::{Payload, Version},
    port::{
        AggregateStore, Condition, OrderBy, PortFuture, ProjectionStore, QueriedRow, Query, Row,
        StoredState,
    },
    record::Table,
};
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use crate::{
    encoding,
    sqlite::{SqliteStore, errors::failure, query_sql, rows, table_changes},
};

impl AggregateStore for SqliteStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        let id = id.to_owned();
        PortFuture::boxed(self.read("load", move |connection| {
            let kind = encoding::kind_name(table.kind)?;
            let found = connection
                .prepare_cached(
                    "select version, value, keys from state \
                     where kind = ?1 and name = ?2 and id = ?3 and value is not null",
                )
                .and_then(|mut statement| {
                    statement
                        .query_row(params![kind, table.name, id], rows::state)
                        .optional()
                })
                .map_err(failure("load"))?;
            found.map(|state| state.decode(&id)).transpose()
        }))
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        PortFuture::boxed(self.writer.run("forget", move |connection| {
            connection
                .prepare_cached(
                    "delete from state where rowid in (select rowid from state \
                     where ended <= cast(unixepoch('subsec') * 1000000 as integer) - ?1 \
                     order by ended limit 1000)",
                )
                .and_then(|mut statement| statement.execute([encoding::micros(age)]))
                .map_err(failure("forget"))
        }))
    }
}

impl ProjectionStore for SqliteStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.load(table, id)
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        let query = query.clone();
        PortFuture::boxed(self.read("query", move |connection| {
            in_snapshot(connection, || {
                check_keys(connection, table, &query.conditions, &query.order)?;
                select_rows(connection, table, &query)
            })
        }))
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        let conditions = conditions.to_vec();
        PortFuture::boxed(self.read("count", move |connection| {
            in_snapshot(connection, || {
                check_keys(connection, table, &conditions, &[])?;
                let select = query_sql::count(table, &conditions)?;
                let count: i64 = connection
                    .prepare_cached(&select.sql)
                    .and_then(|mut statement| {
                        statement.query_row(params_from_iter(&select.values), |row| row.get(0))
                    })
                    .map_err(failure("count"))?;
                Ok(usize::try_from(count).unwrap_or(0))
            })
        }))
    }

    fn table_version(&self, table: Table) -> PortFuture<'_, Version> {
        PortFuture::boxed(self.read("table_version", move |connection| {
            let kind = encoding::kind_name(table.kind)?;
            let version = table_changes::version(connection, (kind, table.name));
            let version = version.map_err(failure("table_version"))?;
            Ok(Version::new(encoding::number(version)))
        }))
    }
}

impl SqliteStore {
    /// Returns how the database would run a query, as the text of `EXPLAIN QUERY PLAN`.
    ///
    /// A query by a declared field uses an index of
    /// [`migrate_indexes`](SqliteStore::migrate_indexes). Any other query reads all rows of its table.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub async fn explain(&self, table: Table, query: &Query) -> Result<String, Error> {
        let select = query_sql::rows(table, query)?;
        self.read("explain", move |connection| {
            let sql = format!("explain query plan {}", select.sql);
            let failure = failure("explain");
            let mut statement = connection.prepare(&sql).map_err(&failure)?;
            let lines = statement
                .query_map(params_from_iter(&select.values), |row| row.get("detail"))
                .map_err(&failure)?;
            let lines: Vec<String> = lines.collect::<Result<_, _>>().map_err(&failure)?;
            Ok(lines.join("\n"))
        })
        .await
    }
}

/// Runs several statements that see the same data. A savepoint also works within a transaction.
fn in_snapshot<T>(
    connection: &Connection,
    read: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let execute = |sql| connection.execute_batch(sql).map_err(failure("query"));

    execute("savepoint snapshot")?;
    let result = read();
    execute("release snapshot")?;
    result
}

/// Fails if a row has no key of a declared field.
fn check_keys(
    connection: &Connection,
    table: Table,
    conditions: &[Condition],
    order: &[OrderBy],
) -> Result<(), Error> {
    for field in query_sql::declared_fields(conditions, order) {
        let select = query_sql::missing_key(table, field)?;
        let missing: Option<String> = connection
            .prepare_cached(&select.sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .map_err(failure("query"))?;
        if let Some(id) = missing {
            return Err(QueriedRow::missing_key(&id, field));
        }
    }
    Ok(())
}

fn select_rows(connection: &Connection, table: Table, query: &Query) -> Result<Vec<Row>, Error> {
    let failure = failure("query");
    let select = query_sql::rows(table, query)?;
    let mut statement = connection.prepare_cached(&select.sql).map_err(&failure)?;
    let rows = statement
        .query_map(params_from_iter(&select.values), |row| {
            let (id, value): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Row {
                id: Arc::from(id),
                value: Payload::from_json(value),
            })
        })
        .map_err(&failure)?;

    rows.map(|row| row.map_err(&failure)).collect()
}

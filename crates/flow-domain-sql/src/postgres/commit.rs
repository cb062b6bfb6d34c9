use flow_domain::{
    Error,
    clock::Timestamp,
    message::{Payload, Recorded},
    port::{Changes, Durability},
};
use sqlx::{Connection as _, PgConnection, Postgres, postgres::PgArguments, query::QueryScalar};
use uuid::Uuid;

use crate::{
    batch::{Batch, OutgoingContent, expected_column},
    encoding,
    postgres::{
        PostgresStore,
        errors::{self, MAX_TRIES},
    },
};

impl PostgresStore {
    pub(super) async fn commit_changes(&self, changes: &Changes) -> Result<Vec<Recorded>, Error> {
        let batch = Batch::new(changes)?;
        let mut connection = self.connection("commit").await?;
        let mut n_tries = 1;

        let numbers = loop {
            // One statement is a transaction of its own.
            let committed = if batch.table_changes.is_empty() {
                self.call(&mut connection, changes, &batch).await
            } else {
                self.call_and_change_tables(&mut connection, changes, &batch)
                    .await
            };
            match committed {
                Ok(numbers) => break numbers.unwrap_or_default(),
                // The server has rolled the transaction back.
                Err(err) if n_tries < MAX_TRIES && errors::is_transient(&err) => n_tries += 1,
                Err(err) => return Err(errors::commit_failure(&batch, err)),
            }
        };

        let (versions, positions) = numbers.split_at(changes.events.len().min(numbers.len()));
        Ok(batch.recorded(versions, positions))
    }

    async fn call(
        &self,
        connection: &mut PgConnection,
        changes: &Changes,
        batch: &Batch<'_>,
    ) -> Result<Option<Vec<i64>>, sqlx::Error> {
        let call = sqlx::query_scalar(self.statements.commit.clone());
        bind(call, changes, batch).fetch_one(connection).await
    }

    async fn call_and_change_tables(
        &self,
        connection: &mut PgConnection,
        changes: &Changes,
        batch: &Batch<'_>,
    ) -> Result<Option<Vec<i64>>, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        // It checks the fences first, and then nobody else can take their partitions.
        let numbers = self.call(&mut transaction, changes, batch).await?;

        for (idx, change) in batch.table_changes.iter().enumerate() {
            let (kind, name) = change.cleared;
            let statement = match change.replaced {
                None => sqlx::query(self.statements.clear_table.clone()),
                Some(((kind, name), expected)) => {
                    sqlx::query(self.statements.replace_table.clone())
                        .bind(array_index(idx))
                        .bind(kind)
                        .bind(name)
                        .bind(expected)
                }
            };
            let statement = statement.bind(kind).bind(name);
            statement.execute(&mut *transaction).await?;
        }

        transaction.commit().await?;
        Ok(numbers)
    }
}

type Call<'q> = QueryScalar<'q, Postgres, Option<Vec<i64>>, PgArguments>;

fn bind<'q>(call: Call<'q>, changes: &'q Changes, batch: &'q Batch<'q>) -> Call<'q> {
    let call = call.bind(changes.durability == Durability::Relaxed);
    let call = bind_fences(call, batch);
    let call = bind_streams(call, batch);
    let call = bind_events(call, batch);
    let call = bind_writes(call, batch);

    // Sorted, so that two commits delete the same rows in the same order.
    let mut cancelled: Vec<Uuid> = changes.cancelled.iter().map(|id| id.as_uuid()).collect();
    cancelled.sort_unstable();
    bind_outgoing(call.bind(cancelled), batch)
}

/// Collects a column of rows.
fn column<'a, R, T>(rows: &'a [R], column: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

/// Counts the elements of an array from 1, as PostgreSQL does.
fn array_index(idx: usize) -> i32 {
    i32::try_from(idx + 1).unwrap_or(i32::MAX)
}

fn partition_number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn bind_fences<'q>(call: Call<'q>, batch: &'q Batch<'q>) -> Call<'q> {
    let rows = &batch.fences;
    call.bind(column(rows, |row| &*row.fence.group))
        .bind(column(rows, |row| partition_number(row.fence.partition)))
        .bind(column(rows, |row| encoding::integer(row.fence.epoch)))
        .bind(column(rows, |row| row.ledger))
}

fn bind_streams<'q>(call: Call<'q>, batch: &'q Batch<'q>) -> Call<'q> {
    let rows = &batch.streams;
    call.bind(column(rows, |row| row.name.category()))
        .bind(column(rows, |row| row.name.id()))
        .bind(column(rows, |row| row.name.slot().cast_signed()))
        .bind(column(rows, |row| row.expected))
        .bind(column(rows, |row| row.n_events))
}

fn bind_events<'q>(call: Call<'q>, batch: &'q Batch<'q>) -> Call<'q> {
    let rows = &batch.events;
    call.bind(column(rows, |row| array_index(row.stream)))
        .bind(column(rows, |row| row.nth))
        .bind(column(rows, |row| row.envelope.metadata.id.as_uuid()))
        .bind(column(rows, |row| {
            row.envelope.metadata.message_type.to_string()
        }))
        .bind(column(rows, |row| row.metadata.as_str()))
        .bind(column(rows, |row| row.envelope.message.as_json()))
}

fn bind_writes<'q>(call: Call<'q>, batch: &'q Batch<'q>) -> Call<'q> {
    let rows = &batch.writes;
    call.bind(column(rows, |row| row.kind))
        .bind(column(rows, |row| row.write.table.name))
        .bind(column(rows, |row| &*row.write.id))
        .bind(column(rows, |row| expected_column(row.write.expected)))
        .bind(column(rows, |row| {
            row.write.value.as_ref().map(Payload::as_json)
        }))
        .bind(column(rows, |row| row.keys.as_deref()))
}

fn bind_outgoing<'q>(call: Call<'q>, batch: &'q Batch<'q>) -> Call<'q> {
    let rows = &batch.outgoing;
    call.bind(column(rows, |row| {
        encoding::message_kind_name(row.outgoing.envelope.metadata.kind)
    }))
    .bind(column(rows, |row| {
        row.outgoing.envelope.metadata.stream.category()
    }))
    .bind(column(rows, |row| {
        row.outgoing.envelope.metadata.stream.id()
    }))
    .bind(column(rows, |row| {
        row.outgoing.envelope.metadata.id.as_uuid()
    }))
    .bind(column(rows, |row| {
        row.outgoing.due.map(Timestamp::as_micros)
    }))
    .bind(column(rows, |row| match row.content {
        OutgoingContent::Event(idx) => Some(array_index(idx)),
        OutgoingContent::Own(_) => None,
    }))
    .bind(column(rows, |row| match &row.content {
        OutgoingContent::Event(_) => None,
        OutgoingContent::Own(metadata) => Some(metadata.as_str()),
    }))
    .bind(column(rows, |row| match row.content {
        OutgoingContent::Event(_) => None,
        OutgoingContent::Own(_) => Some(row.outgoing.envelope.message.as_json()),
    }))
}

//! The indexes of declared fields.

use sqlx::PgConnection;

use crate::{
    DeclaredIndexes, SchemaName,
    postgres::{
        query_sql::{PREFIX_LENGTH, literal},
        statements::sql_str,
    },
};

/// Returns the statement that makes the index of a field.
fn create_statement(projection: &str, name: &str, field: &str) -> String {
    format!(
        "create index concurrently {name} on :\"schema\".state \
         ((\"left\"(keys ->> {}, {PREFIX_LENGTH}) collate \"C\"), id) \
         where kind = 'projection' and name = {} and value is not null",
        literal(field),
        literal(projection)
    )
}

/// Two programs must not build the same index. A program that waits for the lock must not wait within a
/// statement, because a concurrent build waits for the statements of others.
const TRY_LOCK: &str =
    "select pg_try_advisory_lock(hashtext('flow-domain-sql indexes'), hashtext($1))";
const UNLOCK: &str = "select pg_advisory_unlock(hashtext('flow-domain-sql indexes'), hashtext($1))";
const WAIT: &str = "select pg_sleep(0.1)";

/// The name of an index has hashes, because a name in PostgreSQL is short.
const NAME: &str = "select format('declared_%s_%s', left(md5($1), 16), left(md5($2), 16))";

const EXISTING: &str = "select c.relname, i.indisvalid from pg_index i \
    join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = $1 and starts_with(c.relname, format('declared_%s_', left(md5($2), 16))) \
    order by c.relname";

/// Makes the missing indexes, and drops those that are no longer declared.
pub(super) async fn run(
    connection: &mut PgConnection,
    schema: &SchemaName,
    indexes: &[DeclaredIndexes],
) -> Result<(), sqlx::Error> {
    loop {
        let query = sqlx::query_scalar(TRY_LOCK).bind(schema.as_str());
        if query.fetch_one(&mut *connection).await? {
            break;
        }
        sqlx::query(WAIT).execute(&mut *connection).await?;
    }

    let mut result = Ok(());
    for declared in indexes {
        result = migrate(connection, schema, declared).await;
        if result.is_err() {
            break;
        }
    }

    let unlock = sqlx::query(UNLOCK).bind(schema.as_str());
    let unlocked = unlock.execute(&mut *connection).await.map(|_done| ());
    result.and(unlocked)
}

async fn migrate(
    connection: &mut PgConnection,
    schema: &SchemaName,
    declared: &DeclaredIndexes,
) -> Result<(), sqlx::Error> {
    let existing: Vec<(String, bool)> = sqlx::query_as(EXISTING)
        .bind(schema.as_str())
        .bind(declared.projection)
        .fetch_all(&mut *connection)
        .await?;
    let mut wanted: Vec<(String, &str)> = Vec::new();
    for field in &declared.fields {
        let name = sqlx::query_scalar(NAME)
            .bind(declared.projection)
            .bind(*field)
            .fetch_one(&mut *connection)
            .await?;
        wanted.push((name, field));
    }

    for (name, is_valid) in &existing {
        // A build that was interrupted leaves an index that is not valid.
        if !is_valid || wanted.iter().all(|(wanted, _)| wanted != name) {
            let drop = format!(":\"schema\".{name}");
            let drop = schema.fill(&format!("drop index concurrently {drop}"));
            sqlx::query(sql_str(drop)).execute(&mut *connection).await?;
        }
    }

    let mut has_new = false;
    for (name, field) in wanted {
        if existing.contains(&(name.clone(), true)) {
            continue;
        }
        has_new = true;
        let create = schema.fill(&create_statement(declared.projection, &name, field));
        sqlx::query(sql_str(create))
            .execute(&mut *connection)
            .await?;
        let text = literal(&format!("{}.{field}", declared.projection));
        let comment = schema.fill(&format!("comment on index :\"schema\".{name} is {text}"));
        sqlx::query(sql_str(comment))
            .execute(&mut *connection)
            .await?;
    }

    // Before this, the planner knows nothing about the keys.
    if has_new {
        let analyze = sql_str(schema.fill("analyze :\"schema\".state"));
        sqlx::query(analyze).execute(&mut *connection).await?;
    }
    Ok(())
}

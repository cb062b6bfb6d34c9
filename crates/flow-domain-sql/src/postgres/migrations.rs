//! The migrations of the schema. A migration that was released never changes.

use sqlx::{Connection as _, PgConnection};

use crate::{SchemaName, postgres::statements::sql_str};

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// All migrations in order. The first one has version 1.
///
/// The functions have a version in their names, because two versions of a program may run side by side. A new
/// migration adds functions and columns, and removes only what no supported version uses.
const MIGRATIONS: [Migration; 7] = [
    Migration {
        name: "tables",
        sql: include_str!("sql/0001_tables.sql"),
    },
    Migration {
        name: "commit",
        sql: include_str!("sql/0002_commit.sql"),
    },
    Migration {
        name: "reads",
        sql: include_str!("sql/0003_reads.sql"),
    },
    Migration {
        name: "fields",
        sql: include_str!("sql/0004_fields.sql"),
    },
    Migration {
        name: "outbox",
        sql: include_str!("sql/0005_outbox.sql"),
    },
    Migration {
        name: "ledger",
        sql: include_str!("sql/0006_ledger.sql"),
    },
    Migration {
        name: "table_changes",
        sql: include_str!("sql/0007_table_changes.sql"),
    },
];

const MIGRATION_TABLE: &str = r#"create schema if not exists :"schema";
create table if not exists :"schema".migration (
  version    integer primary key,
  name       text not null,
  applied_at timestamptz not null default now()
);
"#;

/// Returns the version of a schema with all migrations.
pub(super) fn version() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Applies the missing migrations in one transaction.
pub(super) async fn run(
    connection: &mut PgConnection,
    schema: &SchemaName,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // The lock is for the name of the schema, because there may be no schema yet.
    sqlx::query("select pg_advisory_xact_lock(hashtext('flow-domain-sql'), hashtext($1))")
        .bind(schema.as_str())
        .execute(&mut *transaction)
        .await?;

    let exists: bool = sqlx::query_scalar(
        "select exists (select from pg_class where relname = 'migration' and relnamespace = \
         (select oid from pg_namespace where nspname = $1))",
    )
    .bind(schema.as_str())
    .fetch_one(&mut *transaction)
    .await?;
    if !exists {
        execute(&mut transaction, schema.fill(MIGRATION_TABLE)).await?;
    }

    let applied: i32 = sqlx::query_scalar(sql_str(
        schema.fill(r#"select coalesce(max(version), 0) from :"schema".migration"#),
    ))
    .fetch_one(&mut *transaction)
    .await?;
    for (version, migration) in (1..).zip(&MIGRATIONS) {
        if applied < version {
            execute(&mut transaction, step(schema, version, migration)).await?;
        }
    }

    transaction.commit().await
}

/// Runs a script of several statements.
async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql_str(sql)).execute(connection).await?;
    Ok(())
}

fn step(schema: &SchemaName, version: i32, migration: &Migration) -> String {
    let Migration { name, sql } = migration;
    let note =
        format!(r#"insert into :"schema".migration (version, name) values ({version}, '{name}');"#);
    schema.fill(&format!("{sql}\n{note}\n"))
}

/// Returns all migrations as one script.
pub(super) fn script(schema: &SchemaName) -> String {
    let steps = (1..).zip(&MIGRATIONS).map(|(version, migration)| {
        format!(
            "-- {version}: {}\n{}\n",
            migration.name,
            step(schema, version, migration)
        )
    });

    let head = schema.fill(MIGRATION_TABLE);
    let steps: String = steps.collect();
    format!("begin;\n\n{head}\n{steps}commit;\n")
}

//! The migrations of the database. A migration that was released never changes.

use rusqlite::{Connection, Result};

/// All migrations in order. The first one has version 1.
const MIGRATIONS: [&str; 1] = [include_str!("sql/0001_tables.sql")];

/// Applies the missing migrations in one transaction.
pub(super) fn run(connection: &Connection) -> Result<()> {
    connection.execute_batch("begin immediate")?;
    let migrated = apply(connection);
    let end = if migrated.is_ok() {
        "commit"
    } else {
        "rollback"
    };
    let ended = connection.execute_batch(end);

    migrated.and(ended)
}

fn apply(connection: &Connection) -> Result<()> {
    let applied: i32 = connection.query_row("pragma user_version", [], |row| row.get(0))?;
    // A newer program has more migrations. They only add.
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if applied < version {
            connection.execute_batch(sql)?;
            connection.pragma_update(None, "user_version", version)?;
        }
    }
    Ok(())
}

/// Returns all migrations as one script.
pub(super) fn script() -> String {
    let steps: Vec<String> = (1..)
        .zip(MIGRATIONS)
        .map(|(version, sql)| format!("{sql}\npragma user_version = {version};\n"))
        .collect();
    format!("begin immediate;\n\n{}\ncommit;\n", steps.join("\n"))
}

//! Changes of whole tables.

use rusqlite::{Connection, Result, params};

use crate::batch::TableChangeRow;

/// The columns that name a table.
pub(super) type TableName = (&'static str, &'static str);

/// Writes the rows that are missing, and those whose value or keys differ.
const WRITE: &str = "
    insert into state as s (kind, name, id, version, value, keys)
    select ?1, ?2, id, 1, value, keys from state where kind = ?3 and name = ?4 and value is not null
        on conflict do update
       set version = s.version + 1, value = excluded.value, keys = excluded.keys, ended = null
     where s.value is not excluded.value or s.keys is not excluded.keys";

const DELETE: &str = "
    update state as s set version = version + 1, value = null, keys = null,
           ended = cast(unixepoch('subsec') * 1000000 as integer)
     where kind = ?1 and name = ?2 and value is not null and not exists (
       select 1 from state r where r.kind = ?3 and r.name = ?4 and r.id = s.id and r.value is not null)";

/// Changes a table. Returns its version if another one was expected.
pub(super) fn apply(connection: &Connection, change: &TableChangeRow) -> Result<Option<i64>> {
    if let Some((table, expected)) = change.replaced {
        let found = version(connection, table)?;
        if found != expected {
            return Ok(Some(found));
        }

        let both = (table, change.cleared);
        for sql in [DELETE, WRITE] {
            let ((kind, name), (by_kind, by_name)) = both;
            connection
                .prepare_cached(sql)?
                .execute([kind, name, by_kind, by_name])?;
        }
    }

    connection
        .prepare_cached("delete from state where kind = ?1 and name = ?2")?
        .execute(params![change.cleared.0, change.cleared.1])?;
    Ok(None)
}

/// Returns the sum of the versions of a table.
pub(super) fn version(connection: &Connection, (kind, name): TableName) -> Result<i64> {
    connection
        .prepare_cached(
            "select coalesce(sum(version), 0) from state where kind = ?1 and name = ?2",
        )?
        .query_row([kind, name], |row| row.get(0))
}

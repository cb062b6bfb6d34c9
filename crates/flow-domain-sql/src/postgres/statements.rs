use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::{SchemaName, outbox_columns::COLUMNS};

/// The fixed statements, with the name of the schema filled in. A clone of a statement is cheap.
pub(super) struct Statements {
    pub(super) commit: SqlStr,
    pub(super) table_version: SqlStr,
    pub(super) clear_table: SqlStr,
    pub(super) replace_table: SqlStr,
    pub(super) read: SqlStr,
    pub(super) read_stream: SqlStr,
    pub(super) read_at: SqlStr,
    pub(super) last_position: SqlStr,
    pub(super) load: SqlStr,
    pub(super) forget: SqlStr,
    pub(super) claim: SqlStr,
    pub(super) claimed: SqlStr,
    pub(super) settle: SqlStr,
    pub(super) unsettled_rows: SqlStr,
    pub(super) rows: SqlStr,
    pub(super) next_due: SqlStr,
    pub(super) reopen: SqlStr,
    pub(super) clean_up: SqlStr,
    pub(super) turn: SqlStr,
    pub(super) release: SqlStr,
    pub(super) leave: SqlStr,
    pub(super) ledgers: SqlStr,
    pub(super) schema_version: SqlStr,
}

const COMMIT: &str = r#"select :"schema".commit_1(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    $23, $24, $25, $26, $27, $28, $29, $30, $31)"#;

const READ: &str = r#"select last, "position", version, metadata, payload
    from :"schema".read_1($1, $2, $3, $4)"#;

const READ_STREAM: &str = r#"
    select position, version, metadata::text as metadata, payload::text as payload from :"schema".event
     where category = $1 and stream_id = $2 and version > $3 order by version limit $4"#;

const READ_AT: &str = r#"
    select position, version, metadata::text as metadata, payload::text as payload from :"schema".event
     where position = any ($1) order by position"#;

const LOAD: &str = r#"
    select version, value::text as value, keys::text as keys from :"schema".state
     where kind = $1 and name = $2 and id = $3 and value is not null"#;

const CLAIMED: &str = r#"
    select :columns from :"schema".outgoing_1
     where number = any ($1) order by number"#;

// The published rows may be many. A listing without settled rows does not read them.
const UNSETTLED_ROWS: &str = r#"
    select :columns from :"schema".outgoing_1
     where ended is null and state = any ($1) order by number limit $2"#;

const ROWS: &str = r#"
    select :columns from :"schema".outgoing_1
     where state = any ($1) order by number limit $2"#;

const NEXT_DUE: &str = r#"
    select (select min(coalesce(held_until, due)) from :"schema".outbox
             where ended is null and not waiting and (held_until is not null or n_failures > 0)
               and coalesce(held_until, due) > $1) as next_retry,
           least(
             (select min(due) from :"schema".outbox where ended is null and waiting and due > $1),
             (select min(due) from :"schema".outbox
               where ended is null and not waiting and held_until is null and n_failures = 0
                 and due > $1)) as next_scheduled"#;

// If an earlier try may have gone through, a row that this call would have made is its work.
const REOPEN: &str = r#"
    with reopened as (
      update :"schema".outbox set ended = null, abandoned = false, n_failures = 0, due = $2, waiting = true
       where number = $1 and ended is not null and abandoned returning number
    )
    select exists (select from reopened) or $3 and exists (
      select from :"schema".outbox where number = $1 and ended is null and n_failures = 0 and due = $2)"#;

const CLEAN_UP: &str = r#"
    with deleted as (
      delete from :"schema".outbox where number in (
        select number from :"schema".outbox where ended < $2 and abandoned = $1
         order by ended limit 10000 for update skip locked)
      returning 1
    )
    select count(*) from deleted"#;

// It waits for no commit, and so no commit waits for it in a circle.
const FORGET: &str = r#"
    with deleted as (
      delete from :"schema".state where (kind, name, id) in (
        select kind, name, id from :"schema".state
         where ended <= now() - $1 * interval '1 microsecond'
         order by ended limit 10000 for update skip locked)
      returning 1
    )
    select count(*) from deleted"#;

const RELEASE: &str = r#"
    update :"schema".partition p set owner = null, held_until = null
      from unnest($2, $3) as x(number, epoch)
     where p.grp = $1 and p.number = x.number and p.epoch = x.epoch"#;

const LEDGERS: &str = r#"
    select number, ledger::text as ledger from :"schema".partition
     where grp = $1 and ledger is not null order by number"#;

impl Statements {
    pub(super) fn new(schema: &SchemaName) -> Self {
        let fill = |text: &str| sql_str(schema.fill(text));

        Self {
            commit: fill(COMMIT),
            table_version: fill(r#"select :"schema".table_version_1($1, $2)"#),
            clear_table: fill(r#"select :"schema".clear_table_1($1, $2)::text"#),
            replace_table: fill(
                r#"select :"schema".replace_table_1($1, $2, $3, $4, $5, $6)::text"#,
            ),
            read: fill(READ),
            read_stream: fill(READ_STREAM),
            read_at: fill(READ_AT),
            last_position: fill(r#"select :"schema".last_position_1()"#),
            load: fill(LOAD),
            forget: fill(FORGET),
            claim: fill(r#"select :"schema".claim_1($1, $2, $3, $4)"#),
            claimed: fill(&CLAIMED.replace(":columns", COLUMNS)),
            settle: fill(r#"select :"schema".settle_1($1, $2, $3, $4, $5, $6)::text"#),
            unsettled_rows: fill(&UNSETTLED_ROWS.replace(":columns", COLUMNS)),
            rows: fill(&ROWS.replace(":columns", COLUMNS)),
            next_due: fill(NEXT_DUE),
            reopen: fill(REOPEN),
            clean_up: fill(CLEAN_UP),
            turn: fill(
                r#"select outcome, number, epoch, was_abandoned, ledger
                     from :"schema".turn_1($1, $2, $3, $4, $5, $6, $7)"#,
            ),
            release: fill(RELEASE),
            leave: fill(r#"delete from :"schema".member where grp = $1 and name = $2"#),
            ledgers: fill(LEDGERS),
            schema_version: fill(r#"select coalesce(max(version), 0) from :"schema".migration"#),
        }
    }
}

/// Marks a statement as safe: all that it has from outside are quoted names and literals.
pub(super) fn sql_str(text: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}

use sqlx::{PgConnection, SqlStr};

use crate::{SchemaName, postgres::statements::sql_str};

/// The comment of each schema for test runs. A schema without it belongs to somebody else.
const COMMENT: &str = "test flows of flow-domain-sql";

/// The first key of the advisory locks on the numbers of schemas.
const LOCK_SPACE: i32 = 0x0066_6c6f;

/// A schema for test runs. Who holds the lock of its number may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestSchema {
    pub(super) number: i32,
}

impl TestSchema {
    pub(super) fn name(self) -> SchemaName {
        SchemaName::new(format!("flow_test_{}", self.number))
            .expect("the name is short and has no quotes")
    }

    /// Returns a statement with the name of the schema filled in.
    pub(super) fn sql(self, text: &str) -> SqlStr {
        sql_str(self.name().fill(text))
    }

    /// Locks the schema until the connection is closed. Returns false if somebody else has it.
    pub(super) async fn try_lock(self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(LOCK_SPACE)
            .bind(self.number)
            .fetch_one(connection)
            .await
    }

    pub(super) async fn unlock(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("select pg_advisory_unlock($1, $2)")
            .bind(LOCK_SPACE)
            .bind(self.number)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Makes the schema if there is none. Returns false if the name belongs to somebody else.
    pub(super) async fn ensure(self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let is_ours: Option<bool> = sqlx::query_scalar(
            "select coalesce(obj_description(oid, 'pg_namespace') = $2, false) from pg_namespace \
             where nspname = $1",
        )
        .bind(self.name().as_str())
        .bind(COMMENT)
        .fetch_optional(&mut *connection)
        .await?;

        if is_ours.is_none() {
            // One transaction: a schema without its comment would never be used again.
            let create =
                format!(r#"create schema :"schema"; comment on schema :"schema" is '{COMMENT}'"#);
            sqlx::raw_sql(self.sql(&create)).execute(connection).await?;
        }
        Ok(is_ours.unwrap_or(true))
    }

    /// Returns all schemas for test runs, and whether there are rows or remains of rows in each.
    pub(super) async fn all(
        connection: &mut PgConnection,
    ) -> Result<Vec<(Self, bool)>, sqlx::Error> {
        let found: Vec<(i32, bool)> = sqlx::query_as(
            "select substring(n.nspname from 11)::integer, coalesce(sum(pg_relation_size(c.oid)), 0) > 0 \
             from pg_namespace n left join pg_class c on c.relnamespace = n.oid and c.relkind = 'r' \
             and c.relname <> 'migration' \
             where n.nspname ~ '^flow_test_[0-9]{1,9}$' and obj_description(n.oid, 'pg_namespace') = $1 \
             group by 1 order by 1",
        )
        .bind(COMMENT)
        .fetch_all(connection)
        .await?;

        Ok(found
            .into_iter()
            .map(|(number, has_rows)| (Self { number }, has_rows))
            .collect())
    }
}

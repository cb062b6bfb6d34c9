//! Removes what earlier test processes have left behind.

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::postgres::backend::test_schema::TestSchema;

/// Schemas from this number on are dropped when nobody uses them. The others stay for later runs.
const N_KEPT: i32 = 64;

const DROP: &str = r#"drop schema :"schema" cascade"#;

/// Unlike a deletion, it gives the space back.
const TRUNCATE: &str = r#"truncate :"schema".event, :"schema".stream, :"schema".state, :"schema".outbox,
    :"schema".member, :"schema".partition"#;

/// Empties the schemas of processes that have ended, and drops those of great numbers.
///
/// A schema whose lock somebody holds is left alone.
pub(super) async fn sweep(options: PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(&options).await?;

    for (schema, has_rows) in TestSchema::all(&mut connection).await? {
        let is_kept = schema.number < N_KEPT;
        if is_kept && !has_rows || !schema.try_lock(&mut connection).await? {
            continue;
        }

        let sql = schema.sql(if is_kept { TRUNCATE } else { DROP });
        // A schema whose migrations did not end has no tables. Its next user makes them.
        let _ = sqlx::raw_sql(sql).execute(&mut connection).await;
        schema.unlock(&mut connection).await?;
    }

    connection.close().await
}

use flow_domain_sql::SchemaName;

use crate::{
    crashes::{check_units, kill_writer, n_kills, target, write_units},
    postgres::fixture::{connect, open_store, store_in},
};

/// Waits until the server has ended the calls of processes that are gone.
pub(crate) async fn wait_for_calls(schema: &SchemaName) {
    let sql = "select count(*) from pg_stat_activity where state = 'active' and strpos(query, $1) > 0 \
        and pid <> pg_backend_pid()";
    let mut connection = connect().await;
    loop {
        let query = sqlx::query_scalar(sql).bind(schema.as_str().replace('"', "\"\""));
        let n_active: i64 = query.fetch_one(&mut connection).await.unwrap();
        if n_active == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn killed_process_loses_nothing_acknowledged() {
    if let Some((schema, start)) = target() {
        let store = store_in(&SchemaName::new(schema).unwrap());
        write_units(&store, start, u32::MAX).await;
    }

    let store = open_store().await;
    let mut acknowledged = Vec::new();
    for n in 0..n_kills() {
        let schema = store.schema.name.as_str();
        let name = "postgres::crashes::killed_process_loses_nothing_acknowledged";
        acknowledged.extend(kill_writer(name, schema, 1 + n * 1_000));

        wait_for_calls(&store.schema.name).await;
        check_units(&*store, &acknowledged).await;
    }
    assert!(n_kills() as usize <= acknowledged.len());
}

use flow_domain::{
    Projection,
    message::Position,
    port::{EventStore as _, Store as _},
};
use flow_domain_sql::{DeclaredIndexes, postgres::PostgresStore};
use insta::assert_snapshot;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use crate::{
    fixture::{append, commit, positions},
    postgres::fixture::{TestSchema, connect, open_store},
};

#[tokio::test]
async fn migrations_of_several_programs_run_once() {
    let schema = TestSchema::new();
    let stores: Vec<PostgresStore> = (0..4).map(|_| schema.store()).collect();

    let (first, second, third, fourth) = tokio::join!(
        stores[0].migrate(),
        stores[1].migrate(),
        stores[2].migrate(),
        stores[3].migrate(),
    );

    for result in [first, second, third, fourth] {
        result.expect("the migrations run");
    }
    stores[0].migrate().await.expect("nothing is left to do");
    stores[0].check_migrations().await.expect("they all ran");
    commit(&stores[1], &append("order-1", 1)).await;
    assert_eq!(positions(&stores[2]).await, [1]);
}

#[tokio::test]
async fn migrations_can_be_run_as_plain_sql() {
    let schema = TestSchema::new();
    let store = schema.store();

    let script = sqlx::AssertSqlSafe(PostgresStore::migrations(&schema.name));
    let mut connection = connect().await;
    sqlx::raw_sql(script)
        .execute(&mut connection)
        .await
        .unwrap();

    store.check_migrations().await.expect("they all ran");
    store.migrate().await.expect("nothing is left to do");
    commit(&store, &append("order-1", 1)).await;
}

#[tokio::test]
async fn missing_migration_is_an_error_that_says_so() {
    let schema = TestSchema::new();
    let store = schema.store();

    let err = store
        .commit(&append("order-1", 1))
        .await
        .expect_err("no schema");
    let shown = err
        .with_causes()
        .to_string()
        .replace(schema.name.as_str(), "shop");
    assert_snapshot!(shown, @r#"commit failed in the postgres adapter: schema "shop" does not exist (SQLSTATE 3F000): run the migrations, see `PostgresStore::migrate`"#);

    store.migrate().await.unwrap();
    let forget = schema.sql("delete from $schema.migration where version > 2");
    sqlx::raw_sql(forget)
        .execute(&mut connect().await)
        .await
        .unwrap();
    let err = store
        .check_migrations()
        .await
        .expect_err("migrations are missing");
    assert!(err.is_setup());
    assert_snapshot!(err.to_string().replace(schema.name.as_str(), "shop"), @"the schema `shop` is at version 2, and this program needs version 7: call `PostgresStore::migrate`, or run the SQL of `PostgresStore::migrations`");
}

#[tokio::test]
async fn schema_of_an_older_version_says_what_to_do() {
    let store = open_store().await;
    // As it was before the migration `reads`.
    let back = store.schema.sql(
        "delete from $schema.migration where version > 2; drop function $schema.read_1 cascade",
    );
    sqlx::raw_sql(back)
        .execute(&mut connect().await)
        .await
        .unwrap();

    let err = store
        .read_category(None, Position::START, 9)
        .await
        .expect_err("there is no such function");

    let shown = err
        .with_causes()
        .to_string()
        .replace(store.schema.name.as_str(), "shop");
    assert_snapshot!(shown, @"read_events failed in the postgres adapter: function shop.read_1(text[], integer, bigint[], bigint) does not exist (SQLSTATE 42883): run the migrations, see `PostgresStore::migrate`");
}

#[tokio::test]
async fn schema_of_a_newer_version_works() {
    let store = open_store().await;
    let newer = store
        .schema
        .sql("insert into $schema.migration (version, name) values (99, 'of tomorrow')");
    sqlx::raw_sql(newer)
        .execute(&mut connect().await)
        .await
        .unwrap();

    store.check_migrations().await.expect("nothing is missing");
    store.migrate().await.expect("nothing is left to do");
    commit(&*store, &append("order-1", 1)).await;
}

#[tokio::test]
async fn apps_in_one_database_share_nothing() {
    let (shop, bank) = (open_store().await, open_store().await);

    commit(&*shop, &append("order-1", 1)).await;
    commit(&*bank, &append("order-1", 2)).await;
    commit(&*bank, &append("order-1", 3)).await;

    assert_eq!(positions(&*shop).await, [1]);
    assert_eq!(positions(&*bank).await, [1, 2]);
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(status, total), name = "OrderDashboard")]
struct Dashboard {
    order_id: String,
    status: String,
    total: u32,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(total), name = "OrderDashboard")]
struct LaterDashboard {
    order_id: String,
    total: u32,
}

/// Returns the comments of the indexes of declared fields that can be used.
async fn declared_indexes(schema: &TestSchema) -> String {
    let sql = "select obj_description(i.indexrelid) from pg_index i \
        join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace \
        where n.nspname = $1 and c.relname like 'declared%' and i.indisvalid order by 1";
    let mut connection = connect().await;
    let rows = sqlx::query(sql)
        .bind(schema.name.as_str())
        .fetch_all(&mut connection)
        .await
        .unwrap();

    let comments: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    comments.join(" ")
}

#[tokio::test]
async fn indexes_follow_the_declared_fields() {
    let store = open_store().await;
    let before = [DeclaredIndexes::of::<Dashboard>()];

    let (one, other) = tokio::join!(
        store.migrate_indexes(&before),
        store.migrate_indexes(&before)
    );
    one.and(other).expect("the indexes are made");
    assert_eq!(
        declared_indexes(&store.schema).await,
        "OrderDashboard.status OrderDashboard.total"
    );

    let after = [DeclaredIndexes::of::<LaterDashboard>()];
    store.migrate_indexes(&after).await.unwrap();
    assert_eq!(
        declared_indexes(&store.schema).await,
        "OrderDashboard.total"
    );
}

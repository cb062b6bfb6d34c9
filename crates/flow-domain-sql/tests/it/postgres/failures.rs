use std::{error::Error as _, process, time::Duration};

use flow_domain::{
    message::{ExpectedVersion, Position, Version},
    port::{EventStore as _, ExpectedStream, ProjectionStore as _, Query, RowKeys, Store as _},
};
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use insta::assert_snapshot;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    fixture::{DASHBOARD, append, commit, positions, put},
    postgres::fixture::{TestStore, connect, open_store, url},
};

/// Ends all connections that wait for a lock in a commit of this store. Returns their number.
async fn cut_waiting_commits(store: &TestStore, connection: &mut PgConnection) -> i64 {
    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
        where wait_event_type = 'Lock' and strpos(query, $1) > 0";
    let schema = store.schema.name.as_str().replace('"', "\"\"");
    let n: i64 = sqlx::query_scalar(sql)
        .bind(schema)
        .fetch_one(connection)
        .await
        .unwrap();
    n
}

#[tokio::test]
async fn commit_whose_connection_is_cut_is_unknown() {
    let store = open_store().await;
    commit(&*store, &append("order-1", 1)).await;
    let mut other = connect().await;
    let mut transaction = other.begin().await.unwrap();
    let lock = store.schema.sql("select * from $schema.stream for update");
    sqlx::raw_sql(lock)
        .execute(&mut *transaction)
        .await
        .unwrap();

    let changes = append("order-1", 2);
    let cut = async {
        let mut connection = connect().await;
        while cut_waiting_commits(&store, &mut connection).await == 0 {}
    };
    let (result, ()) = tokio::join!(store.commit(&changes), cut);
    transaction.rollback().await.unwrap();

    let err = result.expect_err("the connection was cut");
    assert!(err.is_unknown());
    assert_snapshot!(err.with_causes(), @"nobody knows whether commit went through in the postgres adapter: terminating connection due to administrator command (SQLSTATE 57P01)");
    assert_eq!(positions(&*store).await, [1]);
    // The store recovers by itself.
    commit(&*store, &changes).await;
    assert_eq!(positions(&*store).await.len(), 2);
}

#[tokio::test]
async fn reads_after_a_cut_connection_succeed() {
    let store = open_store().await;
    commit(&*store, &append("order-1", 1)).await;

    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
        where state = 'idle' and strpos(query, $1) > 0";
    let schema = store.schema.name.as_str().replace('"', "\"\"");
    let n_cut: i64 = sqlx::query_scalar(sql)
        .bind(schema)
        .fetch_one(&mut connect().await)
        .await
        .unwrap();

    assert!(0 < n_cut, "the pool has an idle connection");
    assert_eq!(positions(&*store).await, [1]);
}

#[tokio::test]
async fn conflict_is_found_before_anything_is_written() {
    let store = open_store().await;
    commit(&*store, &append("order-1", 1)).await;
    let mut changes = append("order-2", 2);
    changes.expected.push(ExpectedStream {
        stream: "order-1".parse().unwrap(),
        version: ExpectedVersion::Exact(Version::new(7)),
    });

    let err = store.commit(&changes).await.expect_err("a stale version");

    assert!(err.is_conflict());
    assert_snapshot!(err, @"OrderCommandHandler could not write stream `order-1`: expected version 7, found version 1");
    assert_eq!(positions(&*store).await, [1]);
}

#[tokio::test]
async fn empty_stream_that_a_commit_expects_stays_empty() {
    let store = open_store().await;
    let mut changes = append("order-2", 2);
    changes.expected.push(ExpectedStream {
        stream: "order-1".parse().unwrap(),
        version: ExpectedVersion::Exact(Version::NONE),
    });

    commit(&*store, &changes).await;

    let mut first = append("order-1", 1);
    first.expected.push(changes.expected[0].clone());
    assert_eq!(commit(&*store, &first).await[0].version, Version::new(1));
}

#[tokio::test]
async fn corrupt_row_is_an_error_that_names_it() {
    let store = open_store().await;
    commit(
        &*store,
        &put(DASHBOARD, "1", r#"{"total":1}"#, RowKeys::default()),
    )
    .await;
    // PostgreSQL takes it for JSON, and cannot read it.
    commit(
        &*store,
        &put(DASHBOARD, "2", r#"{"total":"\ud800"}"#, RowKeys::default()),
    )
    .await;
    let mut query = Query::default();
    query.order.push(flow_domain::port::OrderBy {
        field: "total".to_owned(),
        is_declared: false,
        direction: flow_domain::port::Direction::Ascending,
    });

    let err = store
        .query(DASHBOARD, &query)
        .await
        .expect_err("a corrupt row");

    assert_snapshot!(err.with_causes(), @"reading row `2` of projection OrderDashboard failed: deserializing `JSON` failed: unexpected end of hex escape at line 1 column 8");
}

#[tokio::test]
async fn corrupt_event_is_an_error_that_names_it() {
    let store = open_store().await;
    commit(&*store, &append("order-1", 1)).await;
    commit(&*store, &append("order-1", 2)).await;
    let corrupt = store
        .schema
        .sql("update $schema.event set metadata = '{\"id\": 7}' where position = 2");
    sqlx::raw_sql(corrupt)
        .execute(&mut connect().await)
        .await
        .unwrap();

    let err = store
        .read_category(None, Position::START, 9)
        .await
        .expect_err("a corrupt event");

    assert_snapshot!(err.with_causes(), @"reading the event at position 2 failed: invalid type: integer `7`, expected a formatted UUID string at line 1 column 8");
    let first = store.read_category(None, Position::START, 1).await.unwrap();
    assert_eq!(first.len(), 1, "an event before it can be read");
}

#[tokio::test]
async fn user_without_rights_learns_which_one_is_missing() {
    let store = open_store().await;
    let user = format!("flow_reader_{}", process::id());
    let make = AssertSqlSafe(format!("create role {user} login password 'reader'"));
    sqlx::raw_sql(make)
        .execute(&mut connect().await)
        .await
        .unwrap();

    let options: PgConnectOptions = url().parse().expect("DATABASE_URL is a URL");
    let options = options.username(&user).password("reader");
    let pool = PgPoolOptions::new().connect_lazy_with(options);
    let of_reader = PostgresStore::with_pool(pool, store.schema.name.clone());
    let err = of_reader.commit(&append("order-1", 1)).await;
    let drop = AssertSqlSafe(format!("drop role {user}"));
    sqlx::raw_sql(drop)
        .execute(&mut connect().await)
        .await
        .unwrap();

    let err = err
        .expect_err("the reader may not write")
        .with_causes()
        .to_string();
    assert_snapshot!(err.replace(store.schema.name.as_str(), "shop"), @"commit failed in the postgres adapter: permission denied for schema shop (SQLSTATE 42501): grant the user this right, or let an owner run the SQL of `PostgresStore::migrations`");
}

#[tokio::test]
async fn no_text_shows_the_password() {
    let schema = || SchemaName::new("shop").unwrap();
    // Nobody listens at port 1.
    let url = "postgres://flow:geheim@127.0.0.1:1/shop";
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(50))
        .connect_lazy(url)
        .unwrap();
    let store = PostgresStore::with_pool(pool, schema());

    let err = store
        .commit(&append("order-1", 1))
        .await
        .expect_err("no server");
    let no_url = PostgresStore::open("postgres://flow:geheim@:x/", schema()).expect_err("no URL");

    assert!(!err.is_unknown(), "nothing was sent");
    assert!(no_url.is_setup());
    assert_snapshot!(err.with_causes(), @"commit failed in the postgres adapter: got no connection in time: the server cannot be reached, or all connections of the pool are in use");
    assert_snapshot!(no_url.with_causes(), @"the address of the postgres store is no valid URL: it should look like `postgres://user:password@host:5432/database`");
    let mut texts = vec![format!("{store:?} {err:?} {no_url:?}")];
    let mut source = err.source();
    while let Some(cause) = source {
        texts.push(format!("{cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!texts.concat().contains("geheim"), "{texts:?}");
}

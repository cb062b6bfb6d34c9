//! Schemas for test runs.

use std::{env, process::Command, time::Duration};

use flow_domain::{
    port::OutboxState,
    testing::{Backend as _, OpenedStore},
};
use flow_domain_sql::postgres::PostgresBackend;
use insta::assert_snapshot;
use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;

use crate::{
    crashes::unit,
    fixture::{DASHBOARD, append, commit, positions},
    postgres::{
        database::{TestDatabase, pool_of},
        own_server::OwnServer,
    },
};

/// The variable with the database for a process that is killed.
const KILLED: &str = "FLOW_KILLED_DATABASE";

async fn open(backend: &PostgresBackend) -> OpenedStore {
    backend.open().await.expect("there is a schema")
}

/// Waits for what another task does, but not for ever.
async fn soon(condition: impl Future<Output = ()>) {
    // Other tests may keep the machine busy.
    let waited = timeout(Duration::from_mins(5), condition).await;
    waited.expect("the backend does this soon");
}

/// The number of schemas for test runs.
const N_SCHEMAS: &str = "select count(*) from pg_namespace where nspname ~ '^flow_test_[0-9]+$'";

#[tokio::test]
async fn backend_opens_an_empty_store_each_time() {
    let database = TestDatabase::new().await;
    let backend = PostgresBackend::of_pool(&database.pool);

    for _ in 0..3 {
        let opened = open(&backend).await;
        let store = &**opened.store();
        assert_eq!(positions(store).await, [] as [u64; 0]);
        commit(store, &unit(7)).await;
        // The numbers begin at 1 again.
        assert_eq!(positions(store).await, [1]);
        let rows = store.rows(&[OutboxState::Pending], 9).await.unwrap();
        assert_eq!(rows[0].number, 1);
    }
    assert_eq!(
        database.count(N_SCHEMAS).await,
        1,
        "the schema was used again"
    );
}

#[tokio::test]
async fn backend_empties_all_tables() {
    let database = TestDatabase::new().await;
    let backend = PostgresBackend::of_pool(&database.pool);
    drop(open(&backend).await);
    // A row in each table that a migration made. The list comes from the server.
    database
        .execute(
            "do $$ declare t text; begin \
               for t in select relname from pg_class where relnamespace = 'flow_test_0'::regnamespace \
                 and relkind = 'r' and relname <> 'migration' loop \
                 execute format('alter table flow_test_0.%I disable trigger all', t); \
                 execute (select format('insert into flow_test_0.%I (%s) values (%s)', t, \
                     string_agg(quote_ident(attname), ','), \
                     string_agg(case when atttypid = any (array['text','json']::regtype[]) then '''1''' \
                       when atttypid = 'uuid'::regtype then 'gen_random_uuid()' \
                       when atttypid = 'boolean'::regtype then 'true' \
                       when atttypid = 'timestamptz'::regtype then 'now()' else '1' end, ',')) \
                   from pg_attribute where attrelid = format('flow_test_0.%I', t)::regclass and attnum > 0 \
                     and not attisdropped and attidentity = ''); \
               end loop; end $$",
        )
        .await;

    let opened = open(&backend).await;

    let n_rows = database
        .count(
            "select sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from \
             flow_test_0.%I', relname), false, true, '')))[1]::text::bigint)::bigint from pg_class \
             where relnamespace = 'flow_test_0'::regnamespace and relkind = 'r' and relname <> 'migration'",
        )
        .await;
    assert_eq!(n_rows, 0);
    drop(opened);
}

#[tokio::test]
async fn concurrent_runs_have_few_connections_and_see_nothing() {
    let database = TestDatabase::new().await;
    let backend = PostgresBackend::of_pool(&database.pool);

    let mut runs = Vec::new();
    for number in 0..64 {
        let opened = open(&backend).await;
        runs.push(tokio::spawn(async move {
            for n in 0..5 {
                commit(&**opened.store(), &append("order-1", 100 * number + n)).await;
            }
            positions(&**opened.store()).await
        }));
    }
    for run in runs {
        assert_eq!(run.await.unwrap(), [1, 2, 3, 4, 5]);
    }

    let n_connections = database
        .count(&format!(
            "select count(*) from pg_stat_activity where datname = '{}'",
            database.name
        ))
        .await;
    // One is that of this query.
    assert!(n_connections <= 20, "{n_connections} connections");
}

#[tokio::test]
async fn two_processes_have_different_schemas() {
    let database = TestDatabase::new().await;
    let [first, second] = [(); 2].map(|()| PostgresBackend::of_pool(&database.pool));

    let of_first = open(&first).await;
    let of_second = open(&second).await;
    commit(&**of_first.store(), &append("order-1", 1)).await;

    assert_eq!(positions(&**of_second.store()).await, [] as [u64; 0]);
    assert_eq!(positions(&**of_first.store()).await, [1]);
}

#[tokio::test]
async fn killed_process_leaves_nothing() {
    if let Ok(name) = env::var(KILLED) {
        let options = TestDatabase::options_of(&name);
        let backend = PostgresBackend::of_pool(&pool_of(&options));
        let mut opened = Vec::new();
        for _ in 0..3 {
            let store = open(&backend).await;
            commit(&**store.store(), &append("order-1", 1)).await;
            opened.push(store);
        }
        std::process::abort();
    }

    let database = TestDatabase::new().await;
    let killed = Command::new(env::current_exe().expect("the test has a file"))
        .args([
            "--exact",
            "postgres::backend::killed_process_leaves_nothing",
            "--nocapture",
        ])
        .env(KILLED, &database.name)
        .output()
        .expect("the test can be run");
    assert!(!killed.status.success());
    let n_left = "select (select count(*) from flow_test_0.event) + (select count(*) from flow_test_1.event) + \
                  (select count(*) from flow_test_2.event)";
    assert_eq!(database.count(n_left).await, 3);

    let opened = open(&PostgresBackend::of_pool(&database.pool)).await;

    assert_eq!(positions(&**opened.store()).await, [] as [u64; 0]);
    // It is done beside the run.
    soon(async { while database.count(n_left).await != 0 {} }).await;
}

#[tokio::test]
async fn schemas_that_are_too_many_are_dropped() {
    let database = TestDatabase::new().await;
    let mut opened = Vec::new();
    let many = PostgresBackend::of_pool(&database.pool);
    for _ in 0..66 {
        opened.push(open(&many).await);
    }
    assert_eq!(database.count(N_SCHEMAS).await, 66);

    // The locks end with the connections.
    drop((opened, many));
    let next = PostgresBackend::of_pool(&database.pool);
    soon(async {
        while database.count(N_SCHEMAS).await != 64 {
            drop(open(&next).await);
            drop(open(&PostgresBackend::of_pool(&database.pool)).await);
            // Each backend begins to sweep, and the server needs time for what has begun.
            database.execute("select pg_sleep(0.2)").await;
        }
    })
    .await;
}

#[tokio::test]
async fn schema_of_another_app_is_never_touched() {
    let database = TestDatabase::new().await;
    database
        .execute("create schema flow_test_0; create table flow_test_0.event as select 1 as n")
        .await;

    let opened = open(&PostgresBackend::of_pool(&database.pool)).await;
    commit(&**opened.store(), &append("order-1", 1)).await;

    assert_eq!(
        database
            .count("select count(*) from flow_test_0.event")
            .await,
        1
    );
    assert_eq!(
        database
            .count("select count(*) from flow_test_1.event")
            .await,
        1
    );
}

#[tokio::test]
async fn old_schema_is_brought_to_the_version_of_the_program() {
    let database = TestDatabase::new().await;
    drop(open(&PostgresBackend::of_pool(&database.pool)).await);
    // A schema of a process that was killed during the first migration.
    database
        .execute(
            "drop schema flow_test_0 cascade; create schema flow_test_0; \
             comment on schema flow_test_0 is 'test flows of flow-domain-sql'",
        )
        .await;

    let opened = open(&PostgresBackend::of_pool(&database.pool)).await;

    commit(&**opened.store(), &append("order-1", 1)).await;
    let n_migrations = database.count("select count(*) from flow_test_0.migration");
    assert_eq!(n_migrations.await, 7);
}

#[tokio::test]
async fn schema_of_a_newer_program_is_used_as_it_is() {
    let database = TestDatabase::new().await;
    drop(open(&PostgresBackend::of_pool(&database.pool)).await);
    database
        .execute("insert into flow_test_0.migration (version, name) values (99, 'of tomorrow')")
        .await;

    let opened = open(&PostgresBackend::of_pool(&database.pool)).await;

    commit(&**opened.store(), &append("order-1", 1)).await;
    let newest = database.count("select max(version)::bigint from flow_test_0.migration");
    assert_eq!(newest.await, 99);
}

#[tokio::test]
async fn call_does_not_wait_for_a_server_that_died() {
    let server = OwnServer::start();
    let backend = PostgresBackend::new(&server.url);
    let opened = open(&backend).await;
    drop(server);

    let err = opened.store().load(DASHBOARD, "ord-1").await;

    // The pool alone would wait, and say that it got no connection in time.
    let err = err.expect_err("there is no server");
    assert_snapshot!(err.with_causes(), @"load failed in the postgres adapter: the server refuses connections: start it again, or correct the address");
}

/// Returns the text of the error of a backend that opens no store, with `PORT` in place of the port.
async fn refusal(options: PgConnectOptions) -> String {
    let port = format!(":{}`", options.get_port());
    let backend = PostgresBackend::of_pool(&pool_of(&options));
    let err = backend.open().await.expect_err("there is no schema");

    assert!(err.is_setup());
    err.with_causes().to_string().replace(&port, ":PORT`")
}

#[tokio::test]
async fn backend_without_a_server_says_what_to_do() {
    let database = TestDatabase::new().await;
    let options = || database.options().host("127.0.0.1");

    assert_snapshot!(refusal(options().port(1)).await, @"PostgreSQL at `127.0.0.1:PORT` gives no schema for the run: the server refuses connections; start the server, or correct the address");
    assert_snapshot!(refusal(options().database("no_such_shop")).await, @r#"PostgreSQL at `127.0.0.1:PORT` gives no schema for the run: database "no_such_shop" does not exist (SQLSTATE 3D000); make it with `createdb no_such_shop`, or correct the address"#);
    assert_snapshot!(refusal(options().password("wrong")).await, @r#"PostgreSQL at `127.0.0.1:PORT` gives no schema for the run: password authentication failed for user "flow" (SQLSTATE 28P01); correct the user or the password in the address"#);
}

#[tokio::test]
async fn backend_without_the_right_to_make_a_schema_says_so() {
    let database = TestDatabase::new().await;
    let user = format!("flow_guest_of_{}", database.name);
    database
        .execute(&format!("create role {user} login password 'guest'"))
        .await;

    let options = database.options().username(&user).password("guest");
    let text = refusal(options).await;
    database.execute(&format!("drop role {user}")).await;

    assert_snapshot!(text.replace(&database.name, "DATABASE"), @r#"PostgreSQL at `127.0.0.1:PORT` gives no schema for the run: permission denied for database DATABASE (SQLSTATE 42501); let an owner run `grant create on database "DATABASE" to "flow_guest_of_DATABASE"`"#);
}

#[tokio::test]
async fn backend_without_a_url_says_how_one_looks() {
    let err = PostgresBackend::new("postgres://flow:geheim@:x/")
        .open()
        .await;

    assert_snapshot!(err.expect_err("no URL"), @"the address of the postgres store is no valid URL: it should look like `postgres://user:password@host:5432/database`");
}

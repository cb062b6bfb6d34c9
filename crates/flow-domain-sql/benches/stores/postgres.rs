use std::{env, sync::Arc};

use flow_domain::{
    Projection,
    json::SortKey,
    message::{ExpectedVersion, Payload, Position},
    port::{
        Changes, Comparison, Condition, EventStore as _, FieldValue, ProjectionStore as _, Query,
        Store as _, Write,
    },
    record::{Table, TableKind},
};
use flow_domain_sql::{DeclaredIndexes, SchemaName, postgres::PostgresStore};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    distance,
    rate::{Rounds, median, now, per_second, print_figure, print_ratio, rate},
    snapshots,
    unit::Writer,
};

pub(crate) const SCHEMA: &str = "flow_bench";
const ROWS: Table = Table::new(TableKind::Projection, "OrderDashboard");

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(total))]
struct OrderDashboard {
    order_id: String,
    total: u32,
}

pub(crate) async fn measure(quick: bool) {
    let url = env::var("DATABASE_URL")
        .expect("the benchmark needs a server in DATABASE_URL: run it with `scripts/postgres`");
    let pool = PgPoolOptions::new()
        .max_connections(20)
        .test_before_acquire(false)
        .connect(&url)
        .await
        .expect("the server can be reached");
    let schema = SchemaName::new(SCHEMA).expect("the name is valid");
    drop_schema(&pool).await;
    let store = Arc::new(PostgresStore::with_pool(pool.clone(), schema));
    store.migrate().await.expect("the migrations run");
    let floor = "create table flow_bench.floor (number bigint generated always as identity primary key, value text)";
    sqlx::raw_sql(floor)
        .execute(&pool)
        .await
        .expect("the floor has a table");

    for n_writers in [1, 8] {
        commits(&store, &pool, n_writers, Rounds::new(quick)).await;
    }
    distance::measure(&pool, &url, Rounds::new(quick)).await;
    reads(&store, quick).await;
    views(&store, quick).await;
    snapshots::measure("postgres", Arc::clone(&store) as _, quick).await;
    drop_schema(&pool).await;
}

async fn drop_schema(pool: &PgPool) {
    let drop = sqlx::raw_sql("drop schema if exists flow_bench cascade");
    drop.execute(pool).await.expect("the schema is dropped");
}

/// Writes the bytes of a commit without what a store does.
pub(crate) async fn insert(pool: &PgPool, sample: &Writer) {
    let insert = "insert into flow_bench.floor (value) select unnest($1::text[])";
    let insert = sqlx::query(insert).bind(sample.texts());
    insert.execute(pool).await.expect("the insert succeeds");
}

/// Measures commits and the floor in turns.
async fn commits(store: &Arc<PostgresStore>, pool: &PgPool, n_writers: u32, rounds: Rounds) {
    let name = |writer| format!("{writer}-of-{n_writers}");
    let writers: Arc<Vec<Writer>> =
        Arc::new((0..n_writers).map(|it| Writer::new(&name(it))).collect());
    let samples: Arc<Vec<Writer>> =
        Arc::new((0..n_writers).map(|it| Writer::new(&name(it))).collect());
    let (mut commit_rates, mut floor_rates, mut shares) = (Vec::new(), Vec::new(), Vec::new());

    for _ in 0..rounds.n {
        let (pool, samples) = (pool.clone(), Arc::clone(&samples));
        let floor_rate = rate(n_writers, rounds.duration, move |writer| {
            let (pool, samples) = (pool.clone(), Arc::clone(&samples));
            async move { insert(&pool, &samples[writer as usize]).await }
        })
        .await;

        let (store, writers) = (Arc::clone(store), Arc::clone(&writers));
        let commit_rate = rate(n_writers, rounds.duration, move |writer| {
            let (store, writers) = (Arc::clone(&store), Arc::clone(&writers));
            async move {
                let changes = writers[writer as usize].next();
                store.commit(&changes).await.expect("nobody else writes");
            }
        })
        .await;

        floor_rates.push(floor_rate);
        commit_rates.push(commit_rate);
        shares.push(commit_rate / floor_rate);
    }

    print_figure(
        &format!("postgres-floor-{n_writers}"),
        median(floor_rates),
        "per second",
    );
    print_figure(
        &format!("postgres-commit-{n_writers}"),
        median(commit_rates),
        "per second",
    );
    print_ratio(
        &format!("postgres-commit-{n_writers}-over-floor"),
        median(shares),
    );
}

/// Reads the events that the commits have left, in pages.
async fn reads(store: &PostgresStore, quick: bool) {
    let n_pages = if quick { 1 } else { 200 };
    let (mut after, mut n_events) = (Position::START, 0);
    let start = now();

    for _ in 0..n_pages {
        let page = store.read_category(None, after, 100).await;
        let page = page.expect("the events can be read");
        n_events += page.len() as u64;
        after = page.last().map_or(Position::START, |event| event.position);
    }
    print_figure(
        "postgres-read-events",
        per_second(n_events, start.elapsed()),
        "per second",
    );
}

/// Queries a view with 10,000 rows by a field that is declared.
async fn views(store: &PostgresStore, quick: bool) {
    let n_rows: u32 = if quick { 100 } else { 10_000 };
    let mut changes = Changes::new("OrderProjector");
    changes.writes.extend((0..n_rows).map(|n| {
        Write {
            table: ROWS,
            id: n.to_string().into(),
            expected: ExpectedVersion::Any,
            value: Some(Payload::from_json(format!(
                r#"{{"order_id":"{n}","total":{n}}}"#
            ))),
            keys: [("total", SortKey::number(&n.into()))]
                .into_iter()
                .collect(),
        }
    }));
    let start = now();
    store.commit(&changes).await.expect("nobody else writes");
    print_figure(
        "postgres-write-rows",
        per_second(n_rows.into(), start.elapsed()),
        "per second",
    );
    store
        .migrate_indexes(&[DeclaredIndexes::of::<OrderDashboard>()])
        .await
        .expect("the index is made");

    let n_queries = if quick { 1 } else { 500 };
    let start = now();
    for n in 0..n_queries {
        let mut query = Query::default();
        query.conditions.push(Condition {
            field: "total".to_owned(),
            comparison: Comparison::Equal,
            value: FieldValue::Key(SortKey::number(&(n % n_rows).into())),
        });
        let rows = store.query(ROWS, &query).await.expect("the query succeeds");
        assert_eq!(rows.len(), 1);
    }
    print_figure(
        "postgres-view-queries",
        per_second(n_queries.into(), start.elapsed()),
        "per second",
    );
}

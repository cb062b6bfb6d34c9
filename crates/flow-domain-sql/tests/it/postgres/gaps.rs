//! Readers never skip an event, whatever the order in which the writers commit.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use flow_domain::{
    message::{Position, Recorded},
    port::{Cursor, EventStore, Store as _},
};
use flow_domain_sql::postgres::PostgresStore;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{
    fixture::{append, commit, positions},
    postgres::fixture::{TestStore, connect, open_store},
};

const N_WRITERS: u32 = 8;
const N_PARTITIONS: u32 = 16;

/// A sequence of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u32) -> u32 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(end)).unwrap()
    }
}

/// The statement of a commit of two events, as the store sends it.
fn commit_statement(store: &TestStore) -> AssertSqlSafe<String> {
    store.schema.sql(
        "select $schema.commit_1(false, '{}', '{}', '{}', '{}',
            $1, $2, array[0, 0]::smallint[], array[null, null]::bigint[], '{1,1}',
            '{1,2}', '{1,1}', array[gen_random_uuid(), gen_random_uuid()], '{T.E.v1,T.E.v1}',
            array[$3, $4], '{1,2}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
    )
}

/// Commits two events within a transaction that takes a while, is older than it looks, or is rolled back.
async fn write(
    connection: &mut PgConnection,
    statement: &AssertSqlSafe<String>,
    numbers: &mut Numbers,
    writer: u32,
    max_delay: u32,
) -> bool {
    // Streams of its own, and streams that all writers share, in the order of the lock.
    let own = format!("w{writer}");
    let (first, second) = (numbers.below(4).to_string(), numbers.below(2).to_string());
    let streams = [("shared", first), (own.as_str(), second)];
    let metadata = streams.clone().map(|(category, id)| {
        let event = crate::fixture::event(&format!("{category}-{id}"), 1);
        serde_json::to_string(&event.metadata).unwrap()
    });
    let is_rolled_back = numbers.below(5) == 0;

    let mut transaction = connection.begin().await.unwrap();
    if numbers.below(10) < 3 {
        let draw = sqlx::query("select pg_current_xact_id()::text, pg_sleep($1)");
        let draw = draw.bind(f64::from(numbers.below(max_delay)) / 1e3);
        draw.fetch_one(&mut *transaction).await.unwrap();
    }
    sqlx::query(AssertSqlSafe(statement.0.clone()))
        .bind(
            streams
                .each_ref()
                .map(|(category, _)| category.to_string())
                .to_vec(),
        )
        .bind(streams.each_ref().map(|(_, id)| id.clone()).to_vec())
        .bind(metadata[0].as_str())
        .bind(metadata[1].as_str())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let wait = sqlx::query("select pg_sleep($1)").bind(f64::from(numbers.below(max_delay)) / 1e3);
    wait.execute(&mut *transaction).await.unwrap();

    if is_rolled_back {
        transaction.rollback().await.unwrap();
    } else {
        transaction.commit().await.unwrap();
    }
    !is_rolled_back
}

/// How a reader reads on from what it has read.
enum Reader {
    All,
    Category,
    Partitions(Vec<Cursor>),
}

impl Reader {
    async fn page(
        &mut self,
        store: &PostgresStore,
        after: Position,
        limit: usize,
    ) -> Vec<Recorded> {
        let read = match self {
            Self::All => store.read_category(None, after, limit).await,
            Self::Category => store.read_category(Some("shared"), after, limit).await,
            Self::Partitions(cursors) => {
                store
                    .read_partitions(None, N_PARTITIONS, cursors, limit)
                    .await
            }
        };
        read.expect("the read succeeds")
    }

    /// Reads until the writers are done and nothing is left.
    async fn run(
        mut self,
        store: Arc<TestStore>,
        is_done: Arc<AtomicBool>,
        seed: u64,
    ) -> Vec<Recorded> {
        let mut numbers = Numbers(seed);
        let mut all: Vec<Recorded> = Vec::new();
        loop {
            let was_done = is_done.load(Ordering::Acquire);
            let after = all.last().map_or(Position::START, |event| event.position);
            let limit = 1 + numbers.below(200) as usize;
            let page = self.page(&store, after, limit).await;
            if page.is_empty() && was_done {
                return all;
            }
            all.extend(page);
        }
    }
}

/// Checks the positions, and that the versions of each stream have no gap.
fn check(name: &str, found: &[Recorded], expected: &[i64]) {
    let positions: Vec<i64> = found
        .iter()
        .map(|event| event.position.as_u64().cast_signed())
        .collect();
    let n_skipped = expected.len() - positions.len().min(expected.len());
    assert_eq!(n_skipped, 0, "{name} skipped events");
    assert!(positions == expected, "{name} read other events");

    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    for event in found {
        let version = versions.entry(event.stream().to_string()).or_default();
        *version += 1;
        assert_eq!(
            event.version.as_u64(),
            *version,
            "{name}: {}",
            event.stream()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_skip_nothing_while_writers_overlap() {
    // The long form has 100,000 commits and longer delays.
    let is_soak = env::var("FLOW_SOAK").is_ok();
    let (n_commits, max_delay) = if is_soak { (100_000, 25) } else { (2_500, 5) };
    let store = Arc::new(open_store().await);
    let (is_done, n_committed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let cursors = (0..N_PARTITIONS).map(|partition| Cursor {
        partition,
        ..Cursor::default()
    });

    let writers: Vec<_> = (0..N_WRITERS)
        .map(|writer| {
            let (statement, n_committed) = (commit_statement(&store), Arc::clone(&n_committed));
            tokio::spawn(async move {
                let mut connection = connect().await;
                let mut numbers = Numbers(u64::from(writer));
                while n_committed.load(Ordering::Acquire) < n_commits {
                    let is_committed =
                        write(&mut connection, &statement, &mut numbers, writer, max_delay).await;
                    n_committed.fetch_add(u64::from(is_committed), Ordering::AcqRel);
                }
            })
        })
        .collect();
    let readers = [
        Reader::All,
        Reader::Category,
        Reader::Partitions(cursors.collect()),
    ];
    let readers = (100..).zip(readers).map(|(seed, reader)| {
        tokio::spawn(reader.run(Arc::clone(&store), Arc::clone(&is_done), seed))
    });
    let readers: Vec<_> = readers.collect();

    for writer in writers {
        writer.await.unwrap();
    }
    is_done.store(true, Ordering::Release);
    let mut found = Vec::new();
    for reader in readers {
        found.push(reader.await.unwrap());
    }

    let sql = store
        .schema
        .sql("select position, category from $schema.event order by position");
    let rows = sqlx::query(sql)
        .fetch_all(&mut connect().await)
        .await
        .unwrap();
    let all: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let shared: Vec<i64> = rows
        .iter()
        .filter(|row| row.get::<&str, _>(1) == "shared")
        .map(|row| row.get(0))
        .collect();
    assert_eq!(all.len() as u64, 2 * n_committed.load(Ordering::Acquire));
    check("the reader of all", &found[0], &all);
    check("the reader of a category", &found[1], &shared);
    check("the reader of partitions", &found[2], &all);
}

#[tokio::test]
async fn open_transaction_of_a_stranger_stops_no_read() {
    let (store, stranger) = (open_store().await, open_store().await);
    let mut connection = connect().await;
    let mut transaction = connection.begin().await.unwrap();
    let write = stranger
        .schema
        .sql("insert into $schema.member values ('g', 'm', now())");
    sqlx::raw_sql(write)
        .execute(&mut *transaction)
        .await
        .unwrap();

    commit(&*store, &append("order-1", 1)).await;

    assert_eq!(positions(&*store).await, [1]);
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn open_commit_holds_back_later_events() {
    let store = open_store().await;
    commit(&*store, &append("order-1", 1)).await;
    let statement = commit_statement(&store);
    let mut connection = connect().await;
    let mut transaction = connection.begin().await.unwrap();
    let metadata = serde_json::to_string(&crate::fixture::event("a-1", 9).metadata).unwrap();
    sqlx::query(statement)
        .bind(vec!["a", "b"])
        .bind(vec!["1", "1"])
        .bind(metadata.as_str())
        .bind(metadata.as_str())
        .execute(&mut *transaction)
        .await
        .unwrap();

    let later = commit(&*store, &append("order-1", 2)).await;

    assert_eq!(later[0].position, Position::new(4));
    assert_eq!(positions(&*store).await, [1]);
    assert_eq!(store.last_position().await.unwrap(), Position::new(1));
    transaction.rollback().await.unwrap();
    assert_eq!(positions(&*store).await, [1, 4]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn read_at_another_isolation_level_is_refused() {
    let store = open_store().await;
    let options: sqlx::postgres::PgConnectOptions =
        crate::postgres::fixture::url().parse().unwrap();
    let options = options.options([("default_transaction_isolation", "repeatable read")]);
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let other = PostgresStore::with_pool(pool, store.schema.name.clone());

    let err = other.last_position().await.expect_err("it may skip events");

    insta::assert_snapshot!(err.with_causes(), @r#"last_position failed in the postgres adapter: events must be read at the isolation level "read committed" (SQLSTATE FD002): set default_transaction_isolation of the connection to "read committed""#);
}

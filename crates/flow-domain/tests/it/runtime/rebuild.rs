//! Projections that are rebuilt from the event store.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flow_domain::{
    App, Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows,
    adapter::memory::MemoryStore,
    message::{ExpectedVersion, Payload, Version},
    port::{Changes, ProjectionStore, RowKeys, Store, Write},
    record::{Table, TableKind},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{Ping, Pong, ping, pong, timeout_error};

/// The number of pings and pongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Score {
    id: String,
    pings: u32,
    pongs: u32,
}

impl Score {
    fn new(id: &str, pings: u32, pongs: u32) -> Self {
        let id = id.to_owned();
        Self { id, pings, pongs }
    }
}

/// Counts pings, or fails on those of one table.
#[derive(Default)]
struct Pings {
    fails_on: &'static str,
    /// Writes to the store during the call if the flag is set.
    concurrent_writer: Option<(Arc<MemoryStore>, Arc<AtomicBool>)>,
}

impl Projector for Pings {
    type Projection = Score;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Pings {
    async fn on_ping(&self, ping: Ping, rows: &mut Rows<'_, Score>) -> Result<(), Error> {
        if ping.id == self.fails_on {
            return Err(timeout_error());
        }

        if let Some((store, is_active)) = &self.concurrent_writer
            && is_active.load(Ordering::Relaxed)
        {
            match &*ping.id {
                // The rebuild catches up with an event that is published while it runs.
                "b" => {
                    app(table_tennis(), store)
                        .publish(self::ping("late"))
                        .await?;
                }
                // By then it has read the rows.
                "late" => put(store, &Score::new("a", 77, 77)).await,
                _ => {}
            }
        }

        let empty = || Score::new(&ping.id, 0, 0);
        rows.change_or_insert(&ping.id, empty, |row| row.pings += 1)
            .await
    }
}

/// Maintains the same rows.
struct Pongs;

impl Projector for Pongs {
    type Projection = Score;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_pong);
    }
}

impl Pongs {
    async fn on_pong(&self, pong: Pong, rows: &mut Rows<'_, Score>) -> Result<(), Error> {
        let empty = || Score::new(&pong.id, 0, 0);

        rows.change_or_insert(&pong.id, empty, |row| row.pongs += 1)
            .await
    }
}

fn table() -> Table {
    Table::new(TableKind::Projection, Score::NAME)
}

/// Writes a row directly to the store.
async fn put(store: &MemoryStore, row: &Score) {
    let stored = store.get(table(), &row.id).await.expect("memory");

    let mut changes = Changes::new("an intruder");
    changes.writes.push(Write {
        table: table(),
        id: row.id.as_str().into(),
        expected: ExpectedVersion::Exact(stored.map_or(Version::NONE, |stored| stored.version)),
        value: Some(Payload::encode("Score", row).expect("has a JSON form")),
        keys: RowKeys::default(),
    });

    store.commit(&changes).await.expect("it is the newest");
}

fn table_tennis() -> DomainBuilder {
    Domain::builder("table_tennis")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .projection::<Score>()
}

#[track_caller]
fn app(domain: DomainBuilder, store: &Arc<MemoryStore>) -> App {
    let domain = domain.build().unwrap_or_else(|err| panic!("{err}"));

    App::builder(domain)
        .shared_store(Arc::clone(store) as _)
        .start()
}

fn both_projectors() -> DomainBuilder {
    table_tennis().projector(Pings::default()).projector(Pongs)
}

async fn scores(app: &App) -> Vec<Score> {
    app.view::<Score>()
        .query()
        .all()
        .await
        .expect("the rows can be read")
}

#[tokio::test]
async fn rebuild_reads_several_pages_for_two_projectors() {
    let store = Arc::new(MemoryStore::default());
    let app = app(both_projectors(), &store);
    for _ in 0..300 {
        app.publish(ping("a")).await.unwrap();
        app.publish(pong("a")).await.unwrap();
    }
    put(&store, &Score::new("a", 1, 1)).await;
    put(&store, &Score::new("nobody", 1, 1)).await;

    let rebuilt = app.rebuild::<Score>().await.unwrap();

    assert_eq!(scores(&app).await, [Score::new("a", 300, 300)]);
    assert!(rebuilt.is_complete());
    assert_eq!(rebuilt.n_handled, 600);
    assert_eq!(rebuilt.to_string(), "1 row from 600 events, 2 changed");
}

#[tokio::test]
async fn rebuild_creates_missing_rows() {
    let store = Arc::new(MemoryStore::default());
    let without_projectors = app(table_tennis(), &store);
    without_projectors
        .publish((ping("a"), pong("b")))
        .await
        .unwrap();
    let app = app(both_projectors(), &store);

    let rebuilt = app.rebuild::<Score>().await.unwrap();

    assert_eq!(
        scores(&app).await,
        [Score::new("a", 1, 0), Score::new("b", 0, 1)]
    );
    assert_eq!(rebuilt.to_string(), "2 rows from 2 events, 2 changed");
}

#[tokio::test]
async fn rebuild_does_not_rewrite_equal_rows() {
    let store = Arc::new(MemoryStore::default());
    let app = app(both_projectors(), &store);
    app.publish(ping("a")).await.unwrap();
    let row = store.get(table(), "a").await.unwrap();

    let rebuilt = app.rebuild::<Score>().await.unwrap();

    assert_eq!(rebuilt.n_changed, 0);
    assert_eq!(store.get(table(), "a").await.unwrap(), row);
}

#[tokio::test]
async fn rebuild_skips_and_reports_a_failing_event() {
    let store = Arc::new(MemoryStore::default());
    let without_projectors = app(table_tennis(), &store);
    let events = (ping("a"), ping("bad"), ping("a"));
    without_projectors.publish(events).await.unwrap();
    let app = app(
        table_tennis().projector(Pings {
            fails_on: "bad",
            ..Pings::default()
        }),
        &store,
    );

    let rebuilt = app.rebuild::<Score>().await.unwrap();

    assert_eq!(scores(&app).await, [Score::new("a", 2, 0)]);
    assert!(!rebuilt.is_complete());
    insta::assert_snapshot!(rebuilt, @"
    1 row from 3 events, 1 changed
      skipped position 2 in table-bad: Pings failed on Ping: charging the card failed: timed out
    ");
}

/// An event of a category that no projector reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "audience", id = id)]
struct Applause {
    id: String,
}

#[tokio::test]
async fn rebuild_counts_unknown_events_of_other_categories() {
    let store = Arc::new(MemoryStore::default());
    let events = (ping("a"), Applause { id: "1".into() });
    app(both_projectors().event_from_outside::<Applause>(), &store)
        .publish(events)
        .await
        .unwrap();

    let rebuilt = app(both_projectors(), &store)
        .rebuild::<Score>()
        .await
        .unwrap();

    insta::assert_snapshot!(rebuilt, @"
    1 row from 2 events, 0 changed
      skipped 1 event of type TableTennis.Applause.v1: the domain does not know this type
    ");
}

#[tokio::test]
async fn rebuild_conflicts_with_a_concurrent_write() {
    let store = Arc::new(MemoryStore::default());
    let is_active = Arc::new(AtomicBool::default());
    let concurrent_writer = Some((Arc::clone(&store), Arc::clone(&is_active)));
    let app = app(
        table_tennis().projector(Pings {
            concurrent_writer,
            ..Pings::default()
        }),
        &store,
    );
    app.publish((ping("a"), ping("b"))).await.unwrap();
    put(&store, &Score::new("a", 9, 9)).await;
    put(&store, &Score::new("c", 5, 5)).await;
    is_active.store(true, Ordering::Relaxed);

    let err = app.rebuild::<Score>().await.unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"the rebuild could not write projection Score: expected version 4, found version 5");
    assert!(scores(&app).await.contains(&Score::new("c", 5, 5)));

    is_active.store(false, Ordering::Relaxed);
    assert_eq!(app.rebuild::<Score>().await.unwrap().n_changed, 3);
    assert_eq!(
        scores(&app).await,
        [
            Score::new("a", 1, 0),
            Score::new("b", 1, 0),
            Score::new("late", 1, 0)
        ]
    );
}

#[tokio::test]
async fn rebuild_rejects_an_unregistered_projection() {
    let store = Arc::new(MemoryStore::default());
    let app = app(
        Domain::builder("table_tennis").event_from_outside::<Ping>(),
        &store,
    );

    let err = app.rebuild::<Score>().await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the projection `Score` is not registered: add `.projection::<Score>()` to the domain");
}

#[tokio::test]
async fn rebuild_check_reports_wrong_rows_and_writes_nothing() {
    let store = Arc::new(MemoryStore::default());
    let app = app(both_projectors(), &store);
    app.publish((ping("a"), ping("b"))).await.unwrap();
    put(&store, &Score::new("b", 9, 0)).await;

    let (stale, rebuilt) = app.stale_rows(&["Score"]).await.unwrap();

    let stale: Vec<_> = stale.iter().map(|row| (&*row.id, row.rebuilt_by)).collect();
    assert_eq!(stale, [("b", Some("Pings"))]);
    assert_eq!(rebuilt.n_rows, 2);
    assert_eq!(scores(&app).await[1], Score::new("b", 9, 0));
    assert!(app.stale_rows(&["Tally"]).await.is_err());
}

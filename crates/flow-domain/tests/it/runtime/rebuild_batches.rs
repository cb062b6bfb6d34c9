//! A rebuild saves each batch, so that it can be resumed.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    App, Domain, Error, Projection, Projector, ProjectorRoutes, Rows,
    adapter::memory::MemoryStore,
    engine::RebuildProgress,
    forward_ports,
    handler::Source,
    message::Recorded,
    port::{Changes, Ledger as _, PortFuture, ProjectionStore as _, Store, TableChange},
    record::{Table, TableKind},
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::fixture::{Ping, ping, timeout_error};

/// The size of a batch.
const PAGE: u32 = 512;

const N_EVENTS: u32 = 3 * PAGE + 10;

/// The number of pings of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id, index(n))]
struct Tally {
    id: String,
    n: u32,
}

/// Counts pings.
#[derive(Clone, Default)]
struct Tallier {
    n_calls: Arc<AtomicU32>,
    /// The number of calls after which it hangs.
    hangs_after: Option<u32>,
    is_hung: Arc<Notify>,
    goes_on: Arc<Notify>,
    /// Pings of this table fail.
    fails_on: &'static str,
}

impl Projector for Tallier {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().source(Source::EventStore);
    }
}

impl Tallier {
    async fn on_ping(&self, ping: Ping, rows: &mut Rows<'_, Tally>) -> Result<(), Error> {
        let n_calls = self.n_calls.fetch_add(1, Ordering::Relaxed);
        if self.hangs_after == Some(n_calls) {
            self.is_hung.notify_one();
            self.goes_on.notified().await;
        }
        if ping.id == self.fails_on {
            return Err(timeout_error());
        }

        let empty = || Tally {
            id: ping.id.clone(),
            n: 0,
        };
        rows.change_or_insert(&ping.id, empty, |row| row.n += 1)
            .await
    }

    fn n_calls(&self) -> u32 {
        self.n_calls.load(Ordering::Relaxed)
    }
}

/// A store that notes what commits change in whole tables.
#[derive(Debug, Default)]
struct NotingStore {
    store: Arc<MemoryStore>,
    replacements: Mutex<Vec<(usize, usize)>>,
}

impl Store for NotingStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        if let [TableChange::Replace { .. }] = *changes.table_changes {
            let mut replacements = self.replacements.lock().unwrap();
            replacements.push((changes.ledgers.len(), changes.writes.len()));
        }
        self.store.commit(changes)
    }
}

forward_ports!(NotingStore: EventStore, AggregateStore, ProjectionStore, Ledger, Outbox);

fn app(store: Arc<dyn Store>, tallier: &Tallier) -> App {
    let domain = Domain::builder("table_tennis")
        .event_from_outside::<Ping>()
        .projection::<Tally>()
        .projector(tallier.clone())
        .build()
        .unwrap();

    App::builder(domain).shared_store(store).start()
}

/// Publishes pings of these tables. No projector handles them.
async fn publish(store: &Arc<MemoryStore>, tables: impl IntoIterator<Item = String>) {
    let domain = Domain::builder("table_tennis").event_from_outside::<Ping>();
    let publisher = App::builder(domain.build().unwrap()).shared_store(Arc::clone(store) as _);
    let publisher = publisher.start();

    for table in tables {
        publisher.publish(ping(&table)).await.unwrap();
    }
}

/// The tables of some pings, ten in all.
fn tables(n_events: u32) -> impl Iterator<Item = String> {
    (0..n_events).map(|n| (n % 10).to_string())
}

fn bad(n_events: usize) -> impl Iterator<Item = String> {
    std::iter::repeat_n("bad".to_owned(), n_events)
}

async fn published(n_events: u32) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    publish(&store, tables(n_events)).await;
    store
}

/// Runs a rebuild until its projector hangs, and drops it.
async fn rebuild_in_part(store: &Arc<MemoryStore>, version: &str, n_calls: u32) {
    let tallier = Tallier {
        hangs_after: Some(n_calls),
        ..Tallier::default()
    };
    let app = app(Arc::clone(store) as _, &tallier);

    tokio::select! {
        _ = app.rebuild::<Tally>().resumable(version) => panic!("the projector hangs"),
        () = tallier.is_hung.notified() => {}
    }
}

async fn tallies(app: &App) -> Vec<u32> {
    let rows = app.view::<Tally>().query().order_by("n").all().await;
    rows.unwrap().iter().map(|row| row.n).collect()
}

#[tokio::test]
async fn progress_grows_and_ends_at_the_last_position() {
    let store = published(N_EVENTS).await;
    let app = app(store, &Tallier::default());
    let mut reports = Vec::new();

    let rebuilt = app
        .rebuild::<Tally>()
        .progress(|progress| reports.push(progress))
        .await
        .unwrap();

    let shown: Vec<String> = reports.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "0 %, position 0 of 1546",
            "33 %, position 512 of 1546",
            "66 %, position 1024 of 1546",
            "99 %, position 1536 of 1546",
            "100 %, position 1546 of 1546",
        ]
    );
    assert_eq!(rebuilt.to_string(), "10 rows from 1546 events, 10 changed");
}

#[tokio::test]
async fn dropped_rebuild_goes_on_where_it_stopped() {
    let store = published(N_EVENTS).await;
    rebuild_in_part(&store, "1", 2 * PAGE + 100).await;
    let tallier = Tallier::default();
    let app = app(Arc::clone(&store) as _, &tallier);
    assert_eq!(tallies(&app).await, [0; 0]);

    let mut first: Option<RebuildProgress> = None;
    let rebuilt = app
        .rebuild::<Tally>()
        .resumable("1")
        .progress(|progress| {
            first.get_or_insert(progress);
        })
        .await
        .unwrap();

    assert_eq!(tallier.n_calls(), N_EVENTS - 2 * PAGE);
    assert_eq!(first.unwrap().n_events, 2 * PAGE as usize);
    assert_eq!(rebuilt.n_events, N_EVENTS as usize);
    assert_eq!(rebuilt.n_handled, N_EVENTS as usize);
    assert_eq!(
        tallies(&app).await,
        [154, 154, 154, 154, 155, 155, 155, 155, 155, 155]
    );

    let _ = app.rebuild::<Tally>().resumable("1").await.unwrap();
    assert_eq!(tallier.n_calls(), 2 * N_EVENTS - 2 * PAGE);
}

#[tokio::test]
async fn rebuild_of_another_version_begins_anew() {
    let store = published(N_EVENTS).await;
    let tallier = Tallier::default();
    let app = app(Arc::clone(&store) as _, &tallier);

    rebuild_in_part(&store, "1", PAGE + 100).await;
    let _ = app.rebuild::<Tally>().resumable("2").await.unwrap();
    assert_eq!(tallier.n_calls(), N_EVENTS);

    rebuild_in_part(&store, "1", PAGE + 100).await;
    let rebuilt = app.rebuild::<Tally>().await.unwrap();
    assert_eq!(tallier.n_calls(), 2 * N_EVENTS);
    assert_eq!(rebuilt.n_changed, 0);
}

#[tokio::test]
async fn rebuild_ends_when_another_one_begins() {
    let store = published(N_EVENTS).await;
    let slow = Tallier {
        hangs_after: Some(PAGE + 100),
        ..Tallier::default()
    };
    let slow_app = app(Arc::clone(&store) as _, &slow);
    let older = tokio::spawn(async move { slow_app.rebuild::<Tally>().resumable("1").await });
    slow.is_hung.notified().await;
    let newer = app(Arc::clone(&store) as _, &Tallier::default());

    let _ = newer.rebuild::<Tally>().resumable("1").await.unwrap();
    slow.goes_on.notify_one();
    let err = older.await.unwrap().unwrap_err();

    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"the rebuild could not write rebuild progress `Tally`: expected version 2, found version 7");
    assert_eq!(tallies(&newer).await.iter().sum::<u32>(), N_EVENTS);
}

#[tokio::test]
async fn skipped_event_is_reported_after_an_interruption() {
    let store = published(PAGE).await;
    let mut tallier = Tallier {
        fails_on: "bad",
        ..Tallier::default()
    };
    publish(&store, bad(1).chain(tables(PAGE))).await;
    tallier.hangs_after = Some(2 * PAGE);
    let hung_app = app(Arc::clone(&store) as _, &tallier);
    tokio::select! {
        _ = hung_app.rebuild::<Tally>().resumable("1") => panic!("the projector hangs"),
        () = tallier.is_hung.notified() => {}
    }
    tallier.hangs_after = None;
    let app = app(store, &tallier);

    let rebuilt = app.rebuild::<Tally>().resumable("1").await.unwrap();

    insta::assert_snapshot!(rebuilt, @"
    10 rows from 1025 events, 10 changed
      skipped position 513 in table-bad: Tallier failed on Ping: charging the card failed: timed out
    ");
}

#[tokio::test]
async fn rebuild_of_which_much_fails_changes_no_row() {
    let store = published(10).await;
    let right = app(Arc::clone(&store) as _, &Tallier::default());
    let _ = right.rebuild::<Tally>().await.unwrap();
    publish(&store, bad(1_001)).await;
    let app = app(
        store,
        &Tallier {
            fails_on: "bad",
            ..Tallier::default()
        },
    );

    let err = app.rebuild::<Tally>().await.unwrap_err();

    insta::assert_snapshot!(err.with_causes(), @"the rebuild of `Tally` failed: it changed no row, because more than 1000 events failed; the first one is at position 11 in table-bad: Tallier failed on Ping: charging the card failed: timed out");
    assert_eq!(tallies(&app).await, [1; 10]);
}

#[tokio::test]
async fn one_commit_switches_rows_and_ledgers() {
    let store = Arc::new(NotingStore {
        store: published(N_EVENTS).await,
        ..NotingStore::default()
    });
    let app = app(Arc::clone(&store) as _, &Tallier::default());

    let _ = app.rebuild::<Tally>().await.unwrap();

    let replacements = store.replacements.lock().unwrap().clone();
    let [(n_ledgers, n_writes)] = *replacements else {
        panic!("there is one commit with the rows: {replacements:?}");
    };
    let ledgers = store.store.ledgers("Tallier").await.unwrap();
    assert_eq!((n_ledgers, n_writes), (ledgers.len(), 1));
    assert_ne!(n_ledgers, 0);
    let staged = Table::new(TableKind::RebuiltRow, Tally::NAME);
    assert_eq!(store.store.count(staged, &[]).await.unwrap(), 0);
}

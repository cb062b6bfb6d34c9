//! A projection is rebuilt in batches, from many events.

use std::{
    env, fs,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use flow_domain::{
    App, Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows,
    engine::RebuildProgress,
    handler::Source,
    message::{Envelope, ExpectedVersion, Payload},
    port::{Changes, Query, RowKeys, Store, Write},
    record::{Table, TableKind},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::crashes::kill_writer;

const TALLIES: Table = Table::new(TableKind::Projection, Tally::NAME);

/// The number of events of each row.
const N_SALES: u32 = 10;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "sale", id = id)]
struct Sold {
    id: String,
    cents: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id, index(n))]
struct Tally {
    id: String,
    n: u32,
    cents: u32,
}

#[derive(Clone, Default)]
struct Tallier(Arc<AtomicU32>);

impl Projector for Tallier {
    type Projection = Tally;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_sold);
        on.subscription().source(Source::EventStore);
    }
}

impl Tallier {
    async fn on_sold(&self, sold: Sold, rows: &mut Rows<'_, Tally>) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let empty = || Tally {
            id: sold.id.clone(),
            n: 0,
            cents: 0,
        };
        rows.change_or_insert(&sold.id, empty, |row| {
            row.n += 1;
            row.cents += sold.cents;
        })
        .await
    }
}

fn app(store: &Arc<dyn Store>, tallier: &Tallier) -> App {
    let domain = Domain::builder("shop")
        .event_from_outside::<Sold>()
        .projection::<Tally>()
        .projector(tallier.clone())
        .build()
        .expect("the domain has no mistake");
    App::builder(domain).shared_store(Arc::clone(store)).start()
}

/// Appends sales from number `first` on. The sales of a row are spread over 1,000 events.
async fn append(store: &dyn Store, first: u32, n_events: u32) {
    let sale = |number: u32| {
        let row = number / 1_000 * 100 + number % 100;
        let id = Uuid::from_u128(u128::from(number) + 1);
        let metadata = json!({
            "id": id, "kind": "event", "type": "Shop.Sold.v1", "stream": format!("sale-{row}"),
            "time": "2026-01-01T00:00:00Z", "correlation": id, "causation": null, "priority": 0,
            "initiated_by": null, "caused_in_category": null, "deadline": null,
        });
        Arc::new(Envelope {
            metadata: serde_json::from_value(metadata).expect("it has all fields"),
            message: Payload::from_json(format!(r#"{{"id":"{row}","cents":5}}"#)),
        })
    };

    for start in (first..first + n_events).step_by(1_000) {
        let mut changes = Changes::new("the test");
        changes.events = (start..start + 1_000).map(sale).collect();
        store.commit(&changes).await.expect("nobody else writes");
    }
}

/// Writes rows that no event makes like this.
async fn write_wrong_rows(store: &dyn Store, n_rows: u32) {
    let mut changes = Changes::new("the test");
    changes.writes.extend((0..n_rows).map(|row| Write {
        table: TALLIES,
        id: row.to_string().into(),
        expected: ExpectedVersion::Any,
        value: Some(Payload::from_json(format!(
            r#"{{"id":"{row}","n":0,"cents":0}}"#
        ))),
        keys: RowKeys::default(),
    }));
    store.commit(&changes).await.expect("nobody else writes");
}

/// Returns how many rows there are, and how many of them the events make like this.
async fn count_rows(store: &dyn Store) -> (usize, usize) {
    let rows = store.query(TALLIES, &Query::default()).await;
    let rows = rows.expect("the rows can be read");

    let is_right = |row: &Tally| row.n == N_SALES && row.cents == 5 * N_SALES;
    let decoded = rows
        .iter()
        .map(|row| row.value.decode("Tally").expect("it is a row"));
    (rows.len(), decoded.filter(is_right).count())
}

/// Rebuilds a projection in a process that is killed, and goes on in this process.
///
/// `name` is the name of the calling test.
pub(crate) async fn check_killed_rebuild(
    store: Arc<dyn Store>,
    name: &str,
    target: &str,
    wait_for_calls: impl AsyncFnOnce(),
) {
    const N_EVENTS: u32 = 20_000;
    append(&*store, 0, N_EVENTS).await;
    write_wrong_rows(&*store, 3_000).await;
    let positions = kill_writer(name, target, 9);
    let killed_at = *positions.last().expect("it has reported its progress");
    wait_for_calls().await;
    assert_eq!(count_rows(&*store).await, (3_000, 0));

    let tallier = Tallier::default();
    let app = app(&store, &tallier);
    let mut reports: Vec<RebuildProgress> = Vec::new();
    let rebuilding = app
        .rebuild::<Tally>()
        .resumable("1")
        .progress(|progress| reports.push(progress));
    let (rebuilt, ()) = tokio::join!(rebuilding.into_future(), async {
        // Each read finds the old rows, or the new ones.
        loop {
            match count_rows(&*store).await {
                (3_000, 0) => {}
                (2_000, 2_000) => return,
                mixed => panic!("{mixed:?} is neither"),
            }
        }
    });

    let rebuilt = rebuilt.expect("nobody else writes");
    let first = reports.first().expect("it has reported its progress");
    assert!(u64::from(killed_at) <= first.position.as_u64());
    assert_ne!(killed_at, 0);
    assert_eq!(
        tallier.0.load(Ordering::Relaxed) as usize,
        N_EVENTS as usize - first.n_events
    );
    assert!(reports.is_sorted_by_key(|report| report.position));
    let last = reports.last().expect("it has reported its progress");
    assert_eq!(last.percent(), 100);
    assert_eq!(
        rebuilt.to_string(),
        "2000 rows from 20000 events, 3000 changed"
    );
}

/// Rebuilds, and says the position of each progress. It is the process that is killed.
pub(crate) async fn rebuild_and_acknowledge(store: Arc<dyn Store>) {
    let app = app(&store, &Tallier::default());
    let rebuilding = app.rebuild::<Tally>().resumable("1").progress(|progress| {
        let mut output = io::stdout().lock();
        writeln!(output, "acknowledged {}", progress.position)
            .and_then(|()| output.flush())
            .expect("the other process reads");
    });
    let _ = rebuilding.await;
}

/// Returns the largest resident memory of this process since the last call, in MiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the soak runs on Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));

    // Begins a new measurement.
    fs::write("/proc/self/clear_refs", "5").expect("the process may measure itself");
    kibibytes
        .and_then(|number| number.parse::<u64>().ok())
        .expect("the file has the number")
        / 1_024
}

/// Rebuilds from 100,000 events, and from a million. The second one takes about as much memory.
///
/// Only the long form does it: other tests in the process take memory, too.
pub(crate) async fn check_memory(store: Arc<dyn Store>) {
    if env::var("FLOW_SOAK").is_err() {
        return;
    }

    let app = app(&store, &Tallier::default());
    let mut peaks = Vec::new();
    for (first, n_events) in [(0, 100_000), (100_000, 900_000)] {
        append(&*store, first, n_events).await;
        peak_memory();
        let start = now();
        let rebuilt = app.rebuild::<Tally>().await.expect("nobody else writes");
        let (seconds, peak) = (start.elapsed().as_secs(), peak_memory());
        print_line(&format!("{rebuilt}: {seconds} s, at most {peak} MiB"));
        assert_eq!(rebuilt.n_rows, rebuilt.n_events / N_SALES as usize);
        peaks.push(peak);
    }

    assert!(
        peaks[1] <= peaks[0] * 3 / 2,
        "the memory grows: {peaks:?} MiB"
    );
}

#[expect(clippy::disallowed_methods, reason = "the soak says how long it takes")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(clippy::print_stdout, reason = "the soak shows what it has measured")]
fn print_line(line: &str) {
    println!("{line}");
}

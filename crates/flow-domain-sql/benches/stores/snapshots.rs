use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event,
    PendingEvents, SnapshotPolicy, UnitOfWork,
    message::{Envelope, Payload},
    port::{Changes, Store},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::rate::{median, now, print_figure, print_ratio};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = sensor, event_sourced, commands(ReadMeter), events(MeterRead))]
struct Meter {
    sensor: String,
    units: u64,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Meter, id = sensor)]
struct ReadMeter {
    sensor: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Meter, id = sensor)]
struct MeterRead {
    sensor: String,
    units: u64,
}

impl Apply<MeterRead> for Meter {
    fn apply(&mut self, event: &MeterRead) {
        self.sensor.clone_from(&event.sensor);
        self.units += event.units;
    }
}

struct Reader;

impl CommandHandler for Reader {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::read);
    }
}

impl Reader {
    async fn read(&self, command: ReadMeter, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut meter: Meter = work.load(&command.sensor).await?;
        let sensor = command.sensor;
        meter.raise(MeterRead { sensor, units: 1 });
        work.add(meter)
    }
}

/// Loads an aggregate with 100,000 events, from a snapshot and from its events.
pub(crate) async fn measure(name: &str, store: Arc<dyn Store>, quick: bool) {
    let n_events = if quick { 1_000 } else { 100_000 };
    append(&*store, n_events).await;
    let domain = || Domain::builder("meters").command_handler(Reader);
    let from_events = start(domain().aggregate::<Meter>().build(), &store);
    let every_100 = SnapshotPolicy::every(100);
    let with_snapshots = domain().aggregate_with_snapshots::<Meter>(every_100);
    let from_snapshot = start(with_snapshots.build(), &store);
    // This command writes the snapshot. The later ones leave events after it.
    for _ in 0..50 {
        let sensor = "m-1".to_owned();
        let read = from_snapshot.process(ReadMeter { sensor });
        read.await.expect("nobody else writes");
    }

    let n_units = n_events + 50;
    let of_events = load_millis(&from_events, n_units, if quick { 1 } else { 5 }).await;
    let of_snapshot = load_millis(&from_snapshot, n_units, if quick { 1 } else { 101 }).await;

    print_figure(
        &format!("{name}-load-{n_events}-events"),
        of_events,
        "milliseconds",
    );
    print_figure(
        &format!("{name}-load-from-snapshot"),
        of_snapshot,
        "milliseconds",
    );
    print_ratio(
        &format!("{name}-load-from-events-over-from-snapshot"),
        of_events / of_snapshot,
    );
}

fn start<E: std::fmt::Debug>(domain: Result<Domain, E>, store: &Arc<dyn Store>) -> App {
    let domain = domain.expect("the domain has no mistake");
    App::builder(domain).shared_store(Arc::clone(store)).start()
}

async fn append(store: &dyn Store, n_events: u64) {
    let event = |number: u64| {
        let id = Uuid::from_u128(u128::from(number) + (7 << 100));
        let metadata = json!({
            "id": id, "kind": "event", "type": "Meters.MeterRead.v1", "stream": "meter-m-1",
            "time": "2026-01-01T00:00:00.123456Z", "correlation": id, "causation": null, "priority": 0,
            "initiated_by": null, "caused_in_category": null, "deadline": null,
        });
        Arc::new(Envelope {
            metadata: serde_json::from_value(metadata).expect("it has all fields"),
            message: Payload::from_json(r#"{"sensor":"m-1","units":1}"#),
        })
    };

    for first in (0..n_events).step_by(1_000) {
        let mut changes = Changes::new("Reader");
        changes.events = (first..first + 1_000).map(event).collect();
        store.commit(&changes).await.expect("nobody else writes");
    }
}

/// Returns the median time of a load.
async fn load_millis(app: &App, n_units: u64, n_loads: usize) -> f64 {
    let mut times = Vec::new();

    for _ in 0..n_loads {
        let start = now();
        let meter = app.load::<Meter>("m-1").await.expect("it can be loaded");
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
        assert_eq!(meter.expect("it exists").units, n_units);
    }
    median(times)
}

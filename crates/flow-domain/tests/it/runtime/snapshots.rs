//! Snapshots of event-sourced aggregates: a load may use one, and never needs it.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event,
    PendingEvents, SnapshotPolicy, UnitOfWork,
    adapter::memory::MemoryStore,
    message::{ExpectedVersion, MessageId, Payload, Version},
    port::{AggregateStore, Changes, EventStore, RowKeys, Store, Write},
    record::{Table, TableKind},
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::build;

const SNAPSHOTS: Table = Table::new(TableKind::Snapshot, "Purse");

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(PayIn, PayInvalid, PayLater), events(PaidIn))]
struct Purse {
    id: String,
    cents: u64,
    /// Set by the handler, and by no event.
    #[serde(default)]
    is_counted: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

/// The purse of another version of the program.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, name = "Purse", category = "purse", events(PaidIn))]
struct NewerPurse {
    id: String,
    cents: u64,
    #[serde(default)]
    n_payments: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, Serialize, Deserialize, Command)]
#[command(part_of = Purse, id = id)]
struct PayIn {
    id: String,
    cents: u64,
}

/// Pays in, and fails.
#[derive(Debug, Clone, Serialize, Deserialize, Command)]
#[command(part_of = Purse, id = id)]
struct PayInvalid {
    id: String,
}

/// Tries to pay in with a command that fails, and then raises the event itself.
#[derive(Debug, Clone, Serialize, Deserialize, Command)]
#[command(part_of = Purse, id = id)]
struct PayLater {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "purse", id = id)]
struct PaidIn {
    id: String,
    cents: u64,
}

impl Apply<PaidIn> for Purse {
    fn apply(&mut self, event: &PaidIn) {
        self.id.clone_from(&event.id);
        self.cents += event.cents;
    }
}

impl Apply<PaidIn> for NewerPurse {
    fn apply(&mut self, event: &PaidIn) {
        self.id.clone_from(&event.id);
        self.cents += event.cents;
        self.n_payments += 1;
    }
}

struct Purser;

impl CommandHandler for Purser {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::pay_in);
        on.command(Self::pay_invalid);
        on.command(Self::pay_later);
    }
}

impl Purser {
    async fn pay_invalid(&self, command: PayInvalid, work: &mut UnitOfWork) -> Result<(), Error> {
        let (id, cents) = (command.id, 100);
        self.pay_in(PayIn { id, cents }, work).await?;
        Err(Error::setup("the coins are foreign"))
    }

    async fn pay_later(&self, command: PayLater, work: &mut UnitOfWork) -> Result<(), Error> {
        let PayLater { id } = command;
        work.find::<Purse>(&id).await?;
        let tried = work.process(PayInvalid { id: id.clone() }).await;
        assert!(tried.is_err());

        work.raise(PaidIn { id, cents: 5 })
    }

    async fn pay_in(&self, command: PayIn, work: &mut UnitOfWork) -> Result<(), Error> {
        let PayIn { id, cents } = command;
        let mut purse = work.find::<Purse>(&id).await?.unwrap_or_default();
        purse.raise(PaidIn { id, cents });
        purse.is_counted = true;
        work.add(purse)
    }
}

fn bank(policy: SnapshotPolicy) -> DomainBuilder {
    Domain::builder("bank")
        .aggregate_with_snapshots::<Purse>(policy)
        .command_handler(Purser)
}

fn app_on(store: &Arc<MemoryStore>, domain: DomainBuilder) -> App {
    App::builder(build(domain))
        .shared_store(Arc::clone(store) as _)
        .start()
}

/// Pays in 1, 2, 3 and so on.
async fn pay_in(app: &App, n_times: u64) {
    for cents in 1..=n_times {
        let id = "ann".into();
        app.process(PayIn { id, cents }).await.expect("it is paid");
    }
}

async fn cents(app: &App) -> u64 {
    let purse = app.load::<Purse>("ann").await;
    purse.expect("it can be loaded").expect("it exists").cents
}

async fn n_discarded(app: &App) -> u64 {
    let health = app.health().await.expect("the store answers");
    health.discarded_snapshots
}

async fn snapshot(store: &MemoryStore) -> Option<Payload> {
    let stored = store.load(SNAPSHOTS, "ann").await;
    stored
        .expect("the store answers")
        .map(|stored| stored.value)
}

/// Replaces the snapshot, or deletes it.
async fn set_snapshot(store: &MemoryStore, value: Option<Payload>) {
    let mut changes = Changes::new("test");
    changes.writes.push(Write {
        table: SNAPSHOTS,
        id: "ann".into(),
        expected: ExpectedVersion::Any,
        value,
        keys: RowKeys::default(),
    });
    store.commit(&changes).await.expect("it is written");
}

fn parsed(payload: &Payload) -> Value {
    serde_json::from_str(payload.as_json()).expect("it is JSON")
}

/// Sets a field of the snapshot, so that a load shows whether it used the snapshot.
async fn edit_snapshot(store: &MemoryStore, edit: impl FnOnce(&mut Value)) {
    let payload = snapshot(store).await.expect("there is a snapshot");
    let mut json = parsed(&payload);
    edit(&mut json);
    set_snapshot(store, Some(Payload::from_json(json.to_string()))).await;
}

#[tokio::test]
async fn snapshot_is_what_a_load_begins_with() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(3)));

    pay_in(&app, 2).await;
    assert_eq!(snapshot(&store).await, None, "none is due");
    pay_in(&app, 3).await;
    edit_snapshot(&store, |json| json["state"]["cents"] = 1_000.into()).await;

    assert_eq!(cents(&app).await, 1_000 + 2 + 3);
    assert_eq!(n_discarded(&app).await, 0);
}

#[tokio::test]
async fn snapshot_is_renewed_when_the_next_one_is_due() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(3)));
    let mut versions = Vec::new();

    for _ in 0..7 {
        pay_in(&app, 1).await;
        let version = match snapshot(&store).await {
            Some(payload) => parsed(&payload)["version"].clone(),
            None => Value::Null,
        };
        versions.push(version.to_string());
    }

    assert_eq!(versions.join(" "), "null null 3 3 3 6 6");
}

#[tokio::test]
async fn snapshot_of_a_failed_nested_command_is_not_written() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(2)));
    pay_in(&app, 1).await;

    let pay_later = PayLater { id: "ann".into() };
    app.process(pay_later).await.expect("it is paid");

    assert_eq!(snapshot(&store).await, None);
    assert_eq!(cents(&app).await, 1 + 5);
}

#[tokio::test]
async fn snapshot_is_never_needed() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(2)));
    pay_in(&app, 5).await;
    let with_snapshot = app.load::<Purse>("ann").await.expect("it can be loaded");

    set_snapshot(&store, None).await;

    let without = app.load::<Purse>("ann").await.expect("it can be loaded");
    assert_eq!(without, with_snapshot);
    assert_eq!(n_discarded(&app).await, 0);
}

#[tokio::test]
async fn snapshot_has_the_fold_and_not_the_copy_of_the_handler() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(1)));

    pay_in(&app, 1).await;

    let payload = snapshot(&store).await.expect("there is a snapshot");
    assert_eq!(parsed(&payload)["state"]["is_counted"], false);
}

/// Requires that an app with the policy `today` ignores the snapshot once, and then replaces it.
async fn expect_replacement(store: &Arc<MemoryStore>, today: SnapshotPolicy) {
    let app = app_on(store, bank(today));

    assert_eq!(cents(&app).await, 1 + 2 + 3);
    assert_eq!(n_discarded(&app).await, 1);

    pay_in(&app, 1).await;
    assert_eq!(n_discarded(&app).await, 2, "the command loads it, too");
    assert_eq!(cents(&app).await, 1 + 2 + 3 + 1);
    assert_eq!(n_discarded(&app).await, 2, "the command replaced it");
}

#[tokio::test]
async fn snapshot_of_another_version_is_replaced() {
    let (store, policy) = (Arc::default(), SnapshotPolicy::every(2));
    pay_in(&app_on(&store, bank(policy)), 3).await;
    edit_snapshot(&store, |json| json["state"]["cents"] = 1_000.into()).await;

    expect_replacement(&store, policy.version(2)).await;
}

#[tokio::test]
async fn snapshot_that_cannot_be_read_is_replaced() {
    for text in ["{\"shape\"", "[7]", "null"] {
        let (store, policy) = (Arc::default(), SnapshotPolicy::every(2));
        pay_in(&app_on(&store, bank(policy)), 3).await;
        set_snapshot(&store, Some(Payload::from_json(text))).await;

        expect_replacement(&store, policy).await;
    }
}

#[tokio::test]
async fn snapshot_of_other_fields_is_ignored() {
    let store = Arc::default();
    pay_in(&app_on(&store, bank(SnapshotPolicy::every(2))), 3).await;
    let domain =
        Domain::builder("bank").aggregate_with_snapshots::<NewerPurse>(SnapshotPolicy::every(2));
    let app = app_on(&store, domain);

    let purse = app.load::<NewerPurse>("ann").await;

    let purse = purse.expect("it can be loaded").expect("it exists");
    assert_eq!((purse.cents, purse.n_payments), (1 + 2 + 3, 3));
    assert_eq!(n_discarded(&app).await, 1);
}

#[tokio::test]
async fn snapshot_of_a_lost_future_is_ignored() {
    for n_restored in [1, 2] {
        let policy = SnapshotPolicy::every(2);
        let (store, restored) = (Arc::default(), Arc::default());
        pay_in(&app_on(&store, bank(policy)), 2).await;
        let app = app_on(&restored, bank(policy));
        pay_in(&app, n_restored).await;

        set_snapshot(&restored, snapshot(&store).await).await;
        edit_snapshot(&restored, |json| json["state"]["cents"] = 1_000.into()).await;

        assert_eq!(cents(&app).await, (1..=n_restored).sum::<u64>());
        assert_eq!(n_discarded(&app).await, 1);
    }
}

#[tokio::test]
async fn snapshot_names_its_last_event() {
    let store = Arc::default();
    let app = app_on(&store, bank(SnapshotPolicy::every(2)));
    pay_in(&app, 2).await;

    let stream = "purse-ann".parse().expect("it is a name");
    let events = store.read_stream(&stream, Version::NONE, 9).await;
    let last = events.expect("the store answers")[1].metadata().id;

    edit_snapshot(&store, |json| {
        assert_eq!(json["event"], json!(last));
        json["event"] = json!(MessageId::new(Uuid::from_u128(7)));
    })
    .await;
    assert_eq!(cents(&app).await, 1 + 2);
    assert_eq!(n_discarded(&app).await, 1);
}

//! Invoices, as the program of today knows them, and what programs of yesterday stored.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, Rows,
    UnitOfWork, Upcast, adapter::memory::MemoryStore, handler::Source, port::Store,
    testing::StoredEvent, wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::World,
    fixture::{CallLog, build},
};

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Pay), events(Paid, Closed))]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) cents: u128,
    pub(crate) currency: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Invoice, id = id)]
pub(crate) struct Pay {
    pub(crate) id: String,
    pub(crate) cents: u128,
}

/// Version 1 was called `Received`, and had no currency. Version 2 had `sum` instead of `cents`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = id, version = 3)]
pub(crate) struct Paid {
    pub(crate) id: String,
    pub(crate) cents: u128,
    pub(crate) currency: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = id)]
pub(crate) struct Closed {
    pub(crate) id: String,
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: &Paid) {
        self.id.clone_from(&event.id);
        self.cents += event.cents;
        self.currency.clone_from(&event.currency);
    }
}

impl Apply<Closed> for Invoice {
    fn apply(&mut self, event: &Closed) {
        self.id.clone_from(&event.id);
    }
}

pub(crate) struct Cashier;

impl CommandHandler for Cashier {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::pay).raises::<Paid>();
    }
}

impl Cashier {
    async fn pay(&self, command: Pay, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut invoice = work.find::<Invoice>(&command.id).await?.unwrap_or_default();
        invoice.raise(Paid {
            id: command.id,
            cents: command.cents,
            currency: "CHF".into(),
        });
        work.add(invoice)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
pub(crate) struct Sum {
    pub(crate) id: String,
    pub(crate) cents: u128,
}

pub(crate) struct SumProjector;

impl Projector for SumProjector {
    type Projection = Sum;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_paid);
    }
}

impl SumProjector {
    async fn on_paid(&self, event: Paid, rows: &mut Rows<'_, Sum>) -> Result<(), Error> {
        let empty = || Sum {
            id: event.id.clone(),
            cents: 0,
        };
        rows.change_or_insert(&event.id, empty, |row| row.cents += event.cents)
            .await
    }
}

/// Notes each payment, and the type with which it was stored.
pub(crate) struct Clerk(pub(crate) CallLog);

impl EventHandler for Clerk {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_paid);
    }
}

impl Clerk {
    async fn on_paid(&self, event: Paid, work: &mut UnitOfWork) -> Result<(), Error> {
        let stored_as = work
            .metadata()
            .upcast_from
            .as_ref()
            .map(|stored| stored.metadata.message_type.to_string());
        let stored_as = stored_as.as_deref().unwrap_or("as it is");

        self.0.note(format!(
            "{} {} {} ({stored_as})",
            event.id, event.cents, event.currency
        ));
        Ok(())
    }
}

/// Returns the steps to the payment of today.
pub(crate) fn paid_upcast() -> Upcast {
    Upcast::to::<Paid>()
        .was("Received", 1..=1)
        .from(1, |json| json.set("currency", "EUR"))
        .from(2, |json| json.rename("sum", "cents"))
}

/// Returns the domain without upcasts.
pub(crate) fn invoices() -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Invoice>()
        .projection::<Sum>()
        .command_handler(Cashier)
        .projector(SumProjector)
}

/// Returns the domain with all steps. Its subscriptions read from `source`.
pub(crate) fn upcasting_invoices(source: Source) -> DomainBuilder {
    invoices().upcast(paid_upcast()).subscriptions(|all| {
        all.source(source);
    })
}

/// Returns an event as it was stored.
#[track_caller]
pub(crate) fn stored(stream: &str, message_type: &str, content: &str) -> StoredEvent {
    StoredEvent::parse(stream, message_type, content).unwrap_or_else(|err| panic!("{err}"))
}

pub(crate) fn received(id: &str, sum: u128) -> StoredEvent {
    let content = format!(r#"{{"id":"{id}","sum":{sum}}}"#);
    stored(&format!("invoice-{id}"), "Shop.Received.v1", &content)
}

pub(crate) fn paid_v2(id: &str, sum: u128) -> StoredEvent {
    let content = format!(r#"{{"id":"{id}","sum":{sum},"currency":"USD"}}"#);
    stored(&format!("invoice-{id}"), "Shop.Paid.v2", &content)
}

/// An event of a program of tomorrow.
pub(crate) fn paid_v4(id: &str) -> StoredEvent {
    let content = format!(r#"{{"id":"{id}","amount":[1,"CHF"]}}"#);
    stored(&format!("invoice-{id}"), "Shop.Paid.v4", &content)
}

/// Starts an app that handles events inline.
#[track_caller]
pub(crate) fn app_on(store: &Arc<MemoryStore>, domain: DomainBuilder) -> App {
    App::builder(build(domain))
        .shared_store(Arc::clone(store) as Arc<dyn Store>)
        .start()
}

/// Starts an app in which a test engine handles events.
#[track_caller]
pub(crate) fn world_on(store: &Arc<MemoryStore>, domain: DomainBuilder) -> World {
    World::with_store(Arc::clone(store) as Arc<dyn Store>, domain, |app| app)
}

/// Stores events as they are, and delivers them inline.
pub(crate) async fn append(app: &App, events: &[StoredEvent]) {
    let result = app.append_stored(events).await;
    assert!(result.reply.is_ok(), "{:?}", result.reply);
    assert!(result.failures.is_empty(), "{:?}", result.failures);
}

pub(crate) async fn sums(app: &App) -> Vec<(String, u128)> {
    let rows = app.view::<Sum>().query().all().await.expect("memory");
    rows.into_iter().map(|row| (row.id, row.cents)).collect()
}

//! The record of a run.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, Rejection, Rows,
    UnitOfWork,
    adapter::memory::MemoryStore,
    record::{EntryKind, HandlerOutcome, Record, Recorder},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::timeout_error, runtime::fixture::World};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, CancelOrder), events(OrderPlaced))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct CancelOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
struct OrderDashboard {
    order_id: String,
    status: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the order is on its way")]
struct AlreadyShipped;

impl Rejection for AlreadyShipped {}

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
        on.command(Self::cancel_order);
    }
}

impl OrderCommandHandler {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(order(command.order_id))
    }

    async fn cancel_order(&self, command: CancelOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(order(command.order_id))?;
        Err(AlreadyShipped)?
    }
}

fn order(order_id: String) -> Order {
    let mut order = Order {
        order_id: order_id.clone(),
        raised: PendingEvents::default(),
    };

    order.raise(OrderPlaced { order_id });

    order
}

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl Mailer {
    async fn on_order_placed(&self, _: OrderPlaced, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(order("ord-9".into()))?;
        Err(timeout_error())
    }
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl OrderDashboardProjector {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let OrderPlaced { order_id } = event;
        let status = "placed".into();

        rows.put(OrderDashboard { order_id, status }).await
    }
}

fn shop() -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Order>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .projector(OrderDashboardProjector)
}

/// Returns a world in which one order was placed.
async fn world_with_order(domain: DomainBuilder) -> World {
    let world = World::new(domain);
    let order_id = "ord-1".into();

    // A handler may fail afterwards; the tests read that from the record.
    let _ = world.app.process(PlaceOrder { order_id }).await;

    world
}

#[tokio::test]
async fn record_shows_every_entry_with_its_cause() {
    let world = world_with_order(shop()).await;

    insta::assert_snapshot!(world.record(), @r#"
    #0 2026-01-01T00:00:00Z command Shop.PlaceOrder.v1 46b73e79-f0c3-8c00-98bc-9b3a9f64da94 for order-ord-1 {"order_id":"ord-1"}
    #1 <- #0 2026-01-01T00:00:00Z command handler OrderCommandHandler started, attempt 1
    #2 <- #1 2026-01-01T00:00:00Z raised Shop.OrderPlaced.v1 9ed9ef2f-4740-8f37-ab91-1ae354a05d03 for order-ord-1 {"order_id":"ord-1"}
    #3 <- #1 2026-01-01T00:00:00Z wrote aggregate Order `ord-1` {"order_id":"ord-1"}
    #4 <- #2 2026-01-01T00:00:00Z appended Shop.OrderPlaced.v1 9ed9ef2f-4740-8f37-ab91-1ae354a05d03 to order-ord-1 @1 at 1
    #5 <- #1 2026-01-01T00:00:00Z handled
    #6 <- #4 2026-01-01T00:00:00Z projector OrderDashboardProjector started, attempt 1
    #7 <- #6 2026-01-01T00:00:00Z wrote projection OrderDashboard `ord-1` {"order_id":"ord-1","status":"placed"}
    #8 <- #6 2026-01-01T00:00:00Z handled
    "#);
}

#[tokio::test]
async fn record_is_equal_in_two_runs() {
    let (first, second) = (
        world_with_order(shop()).await,
        world_with_order(shop()).await,
    );

    assert_eq!(first.record(), second.record());
    assert_eq!(first.record().to_string(), second.record().to_string());
}

#[tokio::test]
async fn failed_handler_records_its_discarded_effects() {
    let world = world_with_order(shop().event_handler(Mailer)).await;

    insta::assert_snapshot!(world.handler_outcomes(), @r#"
    handled
    handled
    failed: charging the card failed: timed out; rolled back OrderPlaced in order-ord-9, Order "ord-9"
    "#);
}

#[tokio::test]
async fn rejected_command_records_its_discarded_effects() {
    let world = World::new(shop());
    let order_id = "ord-1".into();

    world
        .app
        .process(CancelOrder { order_id })
        .await
        .unwrap_err();

    let record = world.record();
    let EntryKind::HandlerEnded(outcome) = &record.entries().last().unwrap().kind else {
        panic!("{record}")
    };
    let HandlerOutcome::Rejected(rolled_back) = outcome else {
        panic!("{outcome}")
    };

    assert_eq!(rolled_back.reason, "the order is on its way");
    let discarded: Vec<String> = rolled_back
        .discarded
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(discarded, ["OrderPlaced in order-ord-1", "Order \"ord-1\""]);
}

#[tokio::test]
async fn record_entry_leads_back_to_the_command() {
    let record = world_with_order(shop()).await.record();

    let last = record.entries().last().unwrap().id;
    let root = record.causes(last).last().unwrap();

    assert!(matches!(root.kind, EntryKind::CommandReceived(_)));
    assert_eq!(record.effects(root.id).count(), 1);
}

#[tokio::test]
async fn event_without_a_handler_is_recorded() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler);

    let record = world_with_order(domain).await.record();

    assert_eq!(
        record.entries().last().unwrap().kind,
        EntryKind::NoSubscriber
    );
}

#[tokio::test]
async fn app_without_a_recorder_records_nothing() {
    let recorder = Arc::new(Recorder::default());
    let app = App::builder(shop().build().unwrap())
        .store(MemoryStore::default())
        .start();
    let order_id = "ord-1".into();

    app.process(PlaceOrder { order_id }).await.unwrap();

    let mut record = Record::default();
    recorder.drain_into(&mut record);
    assert_eq!(record, Record::default());
    assert!(app.view::<OrderDashboard>().exists("ord-1").await.unwrap());
}

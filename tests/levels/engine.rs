//! Level 3 as the pattern has it: the engine in test mode beside a plain app. What was accidental there
//! is shown here by its effect.

use std::sync::{Arc, Mutex};

use ::shop::{Inventory, InventoryEventHandler, Order, OrderDashboard, OrderPlaced, OrderStatus};
use flow_domain::{
    App, Delivery, Domain, Engine, Error, EventHandler, EventRoutes, Headers, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    message::{Priority, Processing},
    record::{Happening, Record, Recorder},
};

use crate::fixture::{place, received};

/// An app that leaves its events to an engine.
fn app(domain: Domain, recorder: &Arc<Recorder>) -> App {
    App::builder(domain)
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .clock(Arc::new(VirtualClock::default()))
        .ids(Arc::new(VirtualIds::default()))
        .recorder(Arc::clone(recorder))
        .event_processing(Processing::Async)
        .start()
}

#[tokio::test]
async fn the_full_flow_runs_through_the_engine() -> Result<(), Error> {
    let app = app(::shop::domain()?, &Arc::default());
    app.publish(received(100)).await?;

    app.process(place()).await?;
    let before = app.view::<OrderDashboard>().get("ord-1").await?;
    let settled = Engine::test_mode(&app).run().await?;

    assert_eq!(before, None, "nothing is handled before the engine runs");
    assert!(settled.left.is_quiet() && settled.failures.is_empty());
    let row = app.view::<OrderDashboard>().get("ord-1").await?;
    assert_eq!(row.map(|row| row.status), Some(OrderStatus::Placed));
    let order = app.load::<Order>("ord-1").await?;
    assert_eq!(order.map(|order| order.status), Some(OrderStatus::Placed));
    let inventory = app.load::<Inventory>("prod-1").await?;
    assert_eq!(inventory.map(|inventory| inventory.available), Some(98));
    Ok(())
}

#[tokio::test]
async fn so_many_cycles_are_enough_and_say_what_they_left() -> Result<(), Error> {
    let app = app(::shop::domain()?, &Arc::default());
    app.publish(received(100)).await?;
    app.process(place()).await?;
    let mut engine = Engine::test_mode(&app);

    let one = engine.cycles(1).await?;
    let three = engine.cycles(3).await?;

    assert!(!one.left.is_quiet(), "StockReserved is not published yet");
    assert_eq!(one.left.outbox, 1);
    assert!(three.left.is_quiet());
    Ok(())
}

/// Fails, and keeps what it is told of that.
#[derive(Debug, Default)]
struct FailingInventoryHandler {
    captured: Arc<Mutex<Vec<String>>>,
}

impl EventHandler for FailingInventoryHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }

    async fn handle_error(&self, error: &Error, delivery: &Delivery) -> Result<(), Error> {
        let event: OrderPlaced = delivery.message()?;
        let (error, attempt) = (error.with_causes(), delivery.attempt());
        let line = format!("{}, attempt {attempt}: {error}", event.order_id);
        self.captured.lock().unwrap().push(line);
        Ok(())
    }
}

impl FailingInventoryHandler {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(Error::failed(
            "reserving",
            "database temporarily unavailable",
        ))
    }
}

#[tokio::test]
async fn handle_error_gets_the_error_of_every_attempt() -> Result<(), Error> {
    let failing = FailingInventoryHandler::default();
    let captured = Arc::clone(&failing.captured);
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(::shop::OrderCommandHandler)
        .event_handler(failing)
        .event_handler(InventoryEventHandler)
        .build()?;
    let app = app(domain, &Arc::default());
    app.publish(received(100)).await?;
    app.process(place()).await?;

    let settled = Engine::test_mode(&app).run().await?;

    assert_eq!(
        *captured.lock().unwrap(),
        [
            "ord-1, attempt 1: reserving failed: database temporarily unavailable",
            "ord-1, attempt 2: reserving failed: database temporarily unavailable",
            "ord-1, attempt 3: reserving failed: database temporarily unavailable",
            "ord-1, attempt 4: reserving failed: database temporarily unavailable",
        ]
    );
    assert_eq!(settled.left.dead_letters, 1);
    let inventory = app.load::<Inventory>("prod-1").await?;
    assert_eq!(
        inventory.map(|inventory| inventory.available),
        Some(98),
        "its sibling is not touched"
    );
    Ok(())
}

/// The shop with lanes.
fn shop_with_lanes() -> Result<Domain, flow_domain::WiringErrors> {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .projection::<OrderDashboard>()
        .command_handler(::shop::OrderCommandHandler)
        .event_handler(InventoryEventHandler)
        .projector(::shop::OrderDashboardProjector)
        .lanes_below(Priority::NORMAL)
        .build()
}

#[tokio::test]
async fn backfill_goes_through_its_own_lane_to_the_end() -> Result<(), Error> {
    let recorder = Arc::new(Recorder::default());
    let app = app(shop_with_lanes()?, &recorder);
    app.publish(received(100)).await?;
    let urgency = Headers::default().priority(Priority::BACKFILL);

    app.process_with(place(), &urgency).await?;
    let settled = Engine::test_mode(&app).run().await?;

    assert!(settled.left.is_quiet());
    assert!(app.view::<OrderDashboard>().exists("ord-1").await?);
    let mut record = Record::default();
    recorder.update(&mut record);
    let topics = record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.what {
            Happening::Published { topic } => Some(topic.as_str()),
            _ => None,
        });
    assert_eq!(
        topics.collect::<Vec<&str>>(),
        ["inventory", "order:backfill", "inventory:backfill"],
        "what the order causes is as little urgent as the order"
    );
    Ok(())
}

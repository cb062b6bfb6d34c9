//! Level 3 without the harness: a plain app with its engine in test mode.

use std::sync::{Arc, Mutex};

use ::shop::{Inventory, InventoryEventHandler, Order, OrderDashboard, OrderPlaced, OrderStatus};
use flow_domain::{
    App, Delivery, Domain, Engine, Error, EventHandler, EventRoutes, Headers, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    message::{Priority, Processing},
    record::{EntryKind, Record, Recorder},
};

use crate::fixture::{place_order, stock_received};

/// Returns an app whose events are handled by an engine.
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
async fn engine_runs_the_full_flow() -> Result<(), Error> {
    let app = app(::shop::domain()?, &Arc::default());
    app.publish(stock_received(100)).await?;

    app.process(place_order()).await?;
    let row_before = app.view::<OrderDashboard>().get("ord-1").await?;
    let settled = Engine::test_mode(&app).run().await?;

    assert_eq!(
        row_before, None,
        "nothing is handled before the engine runs"
    );
    assert!(settled.remaining.is_quiet() && settled.failures.is_empty());
    let row = app.view::<OrderDashboard>().get("ord-1").await?;
    assert_eq!(row.map(|row| row.status), Some(OrderStatus::Placed));
    let order = app.load::<Order>("ord-1").await?;
    assert_eq!(order.map(|order| order.status), Some(OrderStatus::Placed));
    let inventory = app.load::<Inventory>("prod-1").await?;
    assert_eq!(inventory.map(|inventory| inventory.available), Some(98));
    Ok(())
}

#[tokio::test]
async fn engine_cycles_report_the_remaining_messages() -> Result<(), Error> {
    let app = app(::shop::domain()?, &Arc::default());
    app.publish(stock_received(100)).await?;
    app.process(place_order()).await?;
    let mut engine = Engine::test_mode(&app);

    let first = engine.run_cycles(1).await?;
    let rest = engine.run_cycles(3).await?;

    assert!(
        !first.remaining.is_quiet(),
        "StockReserved is not published yet"
    );
    assert_eq!(first.remaining.outbox, 1);
    assert!(rest.remaining.is_quiet());
    Ok(())
}

/// Fails, and stores the errors that `handle_error` receives.
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
async fn handle_error_receives_the_error_of_every_attempt() -> Result<(), Error> {
    let handler = FailingInventoryHandler::default();
    let captured = Arc::clone(&handler.captured);
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(::shop::OrderCommandHandler)
        .event_handler(handler)
        .event_handler(InventoryEventHandler)
        .build()?;
    let app = app(domain, &Arc::default());
    app.publish(stock_received(100)).await?;
    app.process(place_order()).await?;

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
    assert_eq!(settled.remaining.dead_letters, 1);
    let inventory = app.load::<Inventory>("prod-1").await?;
    assert_eq!(
        inventory.map(|inventory| inventory.available),
        Some(98),
        "its sibling is not touched"
    );
    Ok(())
}

/// Builds the shop with lanes.
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
async fn backfill_is_handled_in_its_own_lane() -> Result<(), Error> {
    let recorder = Arc::new(Recorder::default());
    let app = app(shop_with_lanes()?, &recorder);
    app.publish(stock_received(100)).await?;
    let headers = Headers::default().priority(Priority::BACKFILL);

    app.process_with(place_order(), &headers).await?;
    let settled = Engine::test_mode(&app).run().await?;

    assert!(settled.remaining.is_quiet());
    assert!(app.view::<OrderDashboard>().exists("ord-1").await?);

    let mut record = Record::default();
    recorder.drain_into(&mut record);
    let topics: Vec<&str> = record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Published { topic, .. } => Some(topic.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        topics,
        ["inventory", "order:backfill", "inventory:backfill"],
        "what the order causes is as little urgent as the order"
    );
    Ok(())
}

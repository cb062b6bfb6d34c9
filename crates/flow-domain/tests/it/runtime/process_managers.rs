//! Process managers: events start, advance and complete them.

use flow_domain::{
    Domain, Error, Event, ProcessManager, ProcessManagerRoutes, UnitOfWork, record::TableKind,
    testing::StateType,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::timeout_error, runtime::fixture::World};

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "import", id = import_id)]
struct OrderImported {
    import_id: String,
    made_order: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "inventory", id = product_id)]
struct StockReserved {
    product_id: String,
    for_order: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "parcel", id = parcel_id)]
struct ParcelSent {
    parcel_id: String,
    order_id: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Fulfilment {
    products: Vec<String>,
    sent: bool,
}

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_order_placed);
        on.start_by("made_order", Self::on_order_imported);
        on.event_by("for_order", Self::on_stock_reserved);
        on.event(Self::on_parcel_sent);
    }

    fn is_complete(&self) -> bool {
        self.sent
    }
}

impl Fulfilment {
    async fn on_order_placed(&mut self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn on_order_imported(
        &mut self,
        _: OrderImported,
        _: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.products.push("an import".into());
        Ok(())
    }

    async fn on_stock_reserved(
        &mut self,
        event: StockReserved,
        _: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.products.push(event.product_id);

        match self.products.len() {
            3 => Err(timeout_error()),
            _ => Ok(()),
        }
    }

    async fn on_parcel_sent(&mut self, _: ParcelSent, _: &mut UnitOfWork) -> Result<(), Error> {
        self.sent = true;
        Ok(())
    }
}

fn shop() -> World {
    World::new(
        Domain::builder("shop")
            .event_from_outside::<OrderPlaced>()
            .event_from_outside::<OrderImported>()
            .event_from_outside::<StockReserved>()
            .event_from_outside::<ParcelSent>()
            .process_manager::<Fulfilment>(),
    )
}

fn order_placed(order_id: &str) -> OrderPlaced {
    OrderPlaced {
        order_id: order_id.into(),
    }
}

fn stock_reserved(product_id: &str, for_order: &str) -> StockReserved {
    StockReserved {
        product_id: product_id.into(),
        for_order: for_order.into(),
    }
}

fn parcel_sent(order_id: &str) -> ParcelSent {
    ParcelSent {
        parcel_id: "par-1".into(),
        order_id: order_id.into(),
    }
}

/// Returns the stored state of the process manager with this key, as JSON.
async fn fulfilment(world: &World, key: &str) -> Option<String> {
    let state_type =
        StateType::new::<Fulfilment>(TableKind::ProcessManager, "Fulfilment", "order_id");
    let state = world.app.read_state(state_type, key).await;

    state
        .expect("the process manager is registered")
        .map(|state| state.as_json().to_owned())
}

#[tokio::test]
async fn an_event_starts_a_process_manager() {
    let world = shop();

    world.app.publish(order_placed("ord-1")).await.unwrap();

    let state = fulfilment(&world, "ord-1").await;
    assert_eq!(state.as_deref(), Some(r#"{"products":[],"sent":false}"#));
}

#[tokio::test]
async fn process_manager_can_start_by_another_field() {
    let world = shop();

    let order_imported = OrderImported {
        import_id: "imp-1".into(),
        made_order: "ord-1".into(),
    };
    world.app.publish(order_imported).await.unwrap();

    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":["an import"],"sent":false}"#);
    assert_eq!(fulfilment(&world, "imp-1").await, None);
}

#[tokio::test]
async fn process_manager_can_be_found_by_another_field() {
    let world = shop();

    let events = (order_placed("ord-1"), stock_reserved("pro-1", "ord-1"));
    world.app.publish(events).await.unwrap();

    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":["pro-1"],"sent":false}"#);
}

#[tokio::test]
async fn second_start_preserves_the_state() {
    let world = shop();

    let events = (
        order_placed("ord-1"),
        stock_reserved("pro-1", "ord-1"),
        order_placed("ord-1"),
    );
    world.app.publish(events).await.unwrap();

    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":["pro-1"],"sent":false}"#);
}

#[tokio::test]
async fn process_manager_state_is_separate_for_each_key() {
    let world = shop();

    let starts = (order_placed("ord-1"), order_placed("ord-2"));
    world.app.publish(starts).await.unwrap();

    let reservations = (
        stock_reserved("pro-1", "ord-1"),
        stock_reserved("pro-2", "ord-2"),
    );
    world.app.publish(reservations).await.unwrap();

    let first = fulfilment(&world, "ord-1").await.unwrap();
    let second = fulfilment(&world, "ord-2").await.unwrap();
    assert_eq!(first, r#"{"products":["pro-1"],"sent":false}"#);
    assert_eq!(second, r#"{"products":["pro-2"],"sent":false}"#);
}

#[tokio::test]
async fn event_without_a_started_process_manager_is_skipped() {
    let world = shop();

    world
        .app
        .publish(stock_reserved("pro-1", "ord-1"))
        .await
        .unwrap();

    assert_eq!(fulfilment(&world, "ord-1").await, None);
    insta::assert_snapshot!(world.handler_outcomes(), @"skipped: no Fulfilment `ord-1` was started");
}

#[tokio::test]
async fn complete_process_manager_skips_further_events() {
    let world = shop();

    let events = (
        order_placed("ord-1"),
        parcel_sent("ord-1"),
        stock_reserved("pro-1", "ord-1"),
    );
    world.app.publish(events).await.unwrap();

    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":[],"sent":true}"#);
    insta::assert_snapshot!(world.handler_outcomes(), @"
    handled
    handled
    skipped: Fulfilment `ord-1` is complete
    ");
}

#[tokio::test]
async fn start_event_replaces_a_complete_process_manager() {
    let world = shop();

    let events = (
        order_placed("ord-1"),
        stock_reserved("pro-1", "ord-1"),
        parcel_sent("ord-1"),
        order_placed("ord-1"),
    );
    world.app.publish(events).await.unwrap();

    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":[],"sent":false}"#);
}

#[tokio::test]
async fn failure_leaves_the_state_unchanged() {
    let world = shop();
    let reservations = [
        stock_reserved("pro-1", "ord-1"),
        stock_reserved("pro-2", "ord-1"),
        stock_reserved("pro-3", "ord-1"),
    ];

    let result = world
        .app
        .publish((order_placed("ord-1"), reservations))
        .await;

    assert_eq!(result.unwrap_err().handler_failures().len(), 1);
    let state = fulfilment(&world, "ord-1").await.unwrap();
    assert_eq!(state, r#"{"products":["pro-1","pro-2"],"sent":false}"#);
}

#[tokio::test]
async fn an_empty_key_is_an_error() {
    let err = shop()
        .app
        .publish(stock_reserved("pro-1", ""))
        .await
        .unwrap_err();

    assert!(err.handler_failures()[0].error.is_setup());
    insta::assert_snapshot!(err, @"
    the commit succeeded, but 1 handler failed afterwards:
      Fulfilment failed on StockReserved: the key `for_order` of StockReserved is invalid: a key must have 1 to 512 bytes, but this one is empty
    ");
}

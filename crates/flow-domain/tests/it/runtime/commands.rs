//! The result of a command for its caller.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, PendingEvents, Rejection,
    UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::timeout_error, runtime::fixture::World};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, CancelOrder, ChargeOrder, ShipOrder))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
struct Unregistered {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, PartialEq)]
struct Receipt(String);

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id, reply = Receipt)]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct CancelOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct ChargeOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id, version = 2)]
struct ShipOrder {
    order_id: String,
}

/// Another crate with its own types for the same commands.
mod other_crate {
    use flow_domain::Command;
    use serde::{Deserialize, Serialize};

    use super::Order;

    #[derive(Debug, Serialize, Deserialize, Command)]
    #[command(part_of = Order, id = order_id, reply = u32)]
    pub(super) struct PlaceOrder {
        pub(super) order_id: String,
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum OrderError {
    #[error("order `{0}` is already shipped")]
    AlreadyShipped(String),
}

impl Rejection for OrderError {}

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
        on.command(Self::cancel_order);
        on.command(Self::charge_order);
    }
}

impl OrderCommandHandler {
    async fn place_order(&self, command: PlaceOrder, _: &mut UnitOfWork) -> Result<Receipt, Error> {
        Ok(Receipt(format!("receipt of {}", command.order_id)))
    }

    async fn cancel_order(
        &self,
        command: CancelOrder,
        _: &mut UnitOfWork,
    ) -> Result<(), OrderError> {
        Err(OrderError::AlreadyShipped(command.order_id))
    }

    async fn charge_order(&self, command: ChargeOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        if command.order_id == "free" {
            work.load::<Unregistered>("for-1").await?;
        }
        Err(timeout_error())
    }
}

fn shop() -> World {
    World::new(
        Domain::builder("shop")
            .aggregate::<Order>()
            .command_handler(OrderCommandHandler),
    )
}

#[tokio::test]
async fn reply_of_the_handler_is_returned() {
    let order_id = "ord-1".into();

    let receipt = shop().app.process(PlaceOrder { order_id }).await.unwrap();

    assert_eq!(receipt, Receipt("receipt of ord-1".into()));
}

#[tokio::test]
async fn reply_of_another_type_is_an_error() {
    let order_id = "ord-1".into();

    let err = shop()
        .app
        .process(other_crate::PlaceOrder { order_id })
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"expected a reply of type `u32`, found another type: two Rust types stand for the same command");
}

#[tokio::test]
async fn rejection_is_returned_by_value() {
    let order_id = "ord-1".into();

    let err = shop()
        .app
        .process(CancelOrder { order_id })
        .await
        .unwrap_err();

    assert!(err.is_rejection());
    assert_eq!(
        err.rejection(),
        Some(&OrderError::AlreadyShipped("ord-1".into()))
    );
    insta::assert_snapshot!(err, @"order `ord-1` is already shipped");
}

#[tokio::test]
async fn failure_is_not_a_rejection_and_has_its_source() {
    let order_id = "ord-1".into();

    let err = shop()
        .app
        .process(ChargeOrder { order_id })
        .await
        .unwrap_err();

    assert!(!err.is_rejection());
    assert!(err.downcast_ref::<std::io::Error>().is_some());
    insta::assert_snapshot!(err.with_causes(), @"charging the card failed: timed out");
}

#[tokio::test]
async fn command_without_a_handler_is_an_error() {
    let order_id = "ord-1".into();

    let err = shop()
        .app
        .process(ShipOrder { order_id })
        .await
        .unwrap_err();

    assert!(err.is_no_handler());
    insta::assert_snapshot!(err, @"no handler for the command `ShipOrder.v2`: add a route for it to OrderCommandHandler, which handles other commands of the same aggregate: `on.command(..)`");
}

#[tokio::test]
async fn unregistered_aggregate_cannot_be_loaded() {
    let order_id = "free".into();

    let err = shop()
        .app
        .process(ChargeOrder { order_id })
        .await
        .unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the aggregate `Unregistered` is not registered: add `.aggregate::<Unregistered>()` to the domain");
}

#[tokio::test]
async fn unregistered_aggregate_cannot_be_read() {
    let err = shop().app.load::<Unregistered>("for-1").await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the aggregate `Unregistered` is not registered: add `.aggregate::<Unregistered>()` to the domain");
}

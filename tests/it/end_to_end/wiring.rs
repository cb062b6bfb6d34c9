//! A wiring mistake is rejected when the domain is built.

use ::shop::{
    Inventory, InventoryCommandHandler, Order, OrderCommandHandler, OrderPlaced, ReceiveStock,
};
use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::prelude::*;

use crate::fixture::place_order;

/// Has two mistakes: it reads only events of the inventory, so it gets no orders. It also loads the
/// stock by the id of the customer.
#[derive(Debug)]
struct InventoryEventHandler;

impl EventHandler for InventoryEventHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.event(Self::on_order_placed);
    }
}

impl InventoryEventHandler {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut inventory = work.load::<Inventory>(&event.customer_id).await?;
        inventory.reserve(&event.order_id, 1);
        work.add(inventory)
    }
}

/// The same handler, subscribed to orders.
#[derive(Debug)]
struct SubscribedEventHandler;

impl EventHandler for SubscribedEventHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.event(Self::on_order_placed);
    }
}

impl SubscribedEventHandler {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        InventoryEventHandler.on_order_placed(event, work).await
    }
}

fn shop_with_inventory_handler(handler: impl EventHandler) -> Result<Domain, WiringErrors> {
    Domain::builder("ecommerce")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(handler)
        .build()
}

#[test]
fn handler_without_a_matching_category_is_rejected() {
    let harness = FlowHarness::new(|| shop_with_inventory_handler(InventoryEventHandler));

    let failure = harness
        .when(place_order())
        .then_settled()
        .try_run()
        .unwrap_err();

    insta::assert_snapshot!(failure.mismatch().found, @r#"
    the domain `ecommerce` has 1 wiring mistake

      1. `InventoryEventHandler` handles `OrderPlaced` of the category `order`, but reads only `inventory`
         add `on.category("order")` to `routes`, or name no category there: the handler then reads the categories of its events
    "#);
}

#[test]
fn stock_lookup_by_the_wrong_id_fails_with_that_id() {
    let harness = FlowHarness::new(|| shop_with_inventory_handler(SubscribedEventHandler));

    harness
        .given_command(ReceiveStock {
            product_id: "prod-1".into(),
            quantity: 100,
        })
        .when(place_order())
        .then(
            expect::handler_failed_with_message::<SubscribedEventHandler>(
                "there is no Inventory `cust-1`",
            ),
        )
        .run();
}

#[test]
fn shop_has_no_warnings() {
    assert_eq!(::shop::domain().unwrap().check(), []);
}

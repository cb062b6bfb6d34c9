//! The report of a domain that cannot be built.

use ::shop::{
    Inventory, Order, OrderCommandHandler, OrderDashboardProjector, OrderPlaced, StockReserved,
};
use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork};
use flow_harness::prelude::*;

use crate::fixture::{place_order, report};

/// Reads only the category `inventory`, but handles an event of orders.
#[derive(Debug)]
struct InventoryReader;

impl EventHandler for InventoryReader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.event(Self::on_order_placed);
        on.event(Self::on_stock_reserved);
    }
}

impl InventoryReader {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn on_stock_reserved(&self, _: StockReserved, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn report_lists_every_wiring_mistake() {
    let shop = FlowHarness::new(|| {
        Domain::builder("shop")
            .aggregate::<Order>()
            .aggregate::<Inventory>()
            .command_handler(OrderCommandHandler)
            .command_handler(OrderCommandHandler)
            .event_handler(InventoryReader)
            .projector(OrderDashboardProjector)
            .build()
    });

    let flow = shop
        .given_command(place_order())
        .when(place_order())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed before step 1: the domain cannot be built      tests/it/failure_reports/wiring.rs:LINE

      expected  a valid domain
      found     the domain `shop` has 3 wiring mistakes

                  1. the command handler `OrderCommandHandler` is registered twice
                     remove one of the two lines

                  2. `InventoryReader` handles `OrderPlaced` of the category `order`, but reads only `inventory`
                     add `on.category("order")` to `routes`, or name no category there: the handler then reads the categories of its events

                  3. `OrderDashboardProjector` writes the projection `OrderDashboard`, which is not registered
                     add `.projection::<OrderDashboard>()` to the domain
    "#);
}

//! A domain that cannot be built.

use ::shop::{
    Inventory, Order, OrderCommandHandler, OrderDashboardProjector, OrderPlaced, StockReserved,
};
use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork};
use flow_harness::prelude::*;

use crate::{fixture::place, report};

#[derive(Debug)]
struct SubscribedTwice;

impl EventHandler for SubscribedTwice {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.event(Self::on_order_placed);
        on.event(Self::on_stock_reserved);
    }
}

impl SubscribedTwice {
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
            .event_handler(SubscribedTwice)
            .projector(OrderDashboardProjector)
            .build()
    });

    let flow = shop.given_command(place()).when(place()).then_settled();

    insta::assert_snapshot!(report(flow), @"
    flow failed before step 1: the domain cannot be built      tests/failure_reports/wiring.rs:LINE

      expected  a domain that can work
      found     the domain `shop` has 3 wiring mistakes

                  1. the command handler `OrderCommandHandler` is registered twice
                     remove one of the two lines

                  2. `SubscribedTwice` handles `OrderPlaced`, but reads only `inventory`,
                    where `OrderPlaced` never appears: it appears in `order`
                     remove the category from `routes`, so that it is derived from the events, or name `order`

                  3. `OrderDashboardProjector` keeps the projection `OrderDashboard`, which is not registered
                     add `.projection::<OrderDashboard>()` to the domain
    ");
}

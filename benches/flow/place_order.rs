//! The measured flow: one command, two events, an event handler, two projectors and one checked
//! row.

use flow_domain::{App, Domain, Error, Projector, ProjectorRoutes, Rows, WiringErrors};
use flow_harness::prelude::*;
use shop::{
    Inventory, InventoryCommandHandler, InventoryEventHandler, Order, OrderCommandHandler,
    OrderDashboard, OrderDashboardProjector, OrderStatus, PlaceOrder, ReceiveStock, StockLevel,
    StockReceived, StockReserved,
};

/// The projector of the shop without the check for duplicates. The hand-written code has no check
/// either.
struct StockLevels;

impl Projector for StockLevels {
    type Projection = StockLevel;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_stock_received);
        on.event(Self::on_stock_reserved);
    }
}

impl StockLevels {
    async fn on_stock_received(
        &self,
        event: StockReceived,
        rows: &mut Rows<'_, StockLevel>,
    ) -> Result<(), Error> {
        let empty = || StockLevel {
            product_id: event.product_id.clone(),
            available: 0,
            reserved: 0,
        };
        let quantity = event.quantity;

        rows.change_or_insert(&event.product_id, empty, |row| row.available += quantity)
            .await
    }

    async fn on_stock_reserved(
        &self,
        event: StockReserved,
        rows: &mut Rows<'_, StockLevel>,
    ) -> Result<(), Error> {
        rows.change(event.product_id, |row| {
            row.available -= event.quantity;
            row.reserved += event.quantity;
        })
        .await
    }
}

/// Returns the shop without its process manager, so both sides do exactly the same work.
pub(crate) fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .projection::<OrderDashboard>()
        .projection::<StockLevel>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(InventoryEventHandler)
        .projector(OrderDashboardProjector)
        .projector(StockLevels)
        .build()
}

pub(crate) fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-001".into(),
        customer_id: "cust-123".into(),
        product_id: "prod-1".into(),
        quantity: 2,
        total_cents: 9_995,
    }
}

pub(crate) fn stock() -> StockReceived {
    StockReceived {
        product_id: "prod-1".into(),
        quantity: 100,
    }
}

pub(crate) fn expected() -> OrderDashboard {
    OrderDashboard {
        order_id: "ord-001".into(),
        customer_id: "cust-123".into(),
        status: OrderStatus::Placed,
        total_cents: 9_995,
    }
}

/// Runs the whole test flow in a new world.
pub(crate) fn flow(harness: &FlowHarness) {
    harness
        .given_events(stock())
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-001")
        .is(expected())
        .run();
}

/// Runs the same flow against a store that already has data.
pub(crate) async fn process(app: &App, idx: usize) {
    let (order_id, product_id) = (format!("ord-{idx}"), format!("prod-{idx}"));
    let receive = ReceiveStock {
        product_id: product_id.clone(),
        quantity: 100,
    };
    app.process(receive).await.expect("accepted");

    let place = PlaceOrder {
        order_id,
        product_id,
        ..place_order()
    };
    app.process(place).await.expect("accepted");
}

//! Handlers of the shop, each with one mistake.

use std::time::Duration;

use ::shop::{
    CancelOrder, ConfirmOrder, Fulfilment, Inventory, InventoryCommandHandler, Order,
    OrderCommandHandler, OrderConfirmed, OrderDashboard, OrderDashboardProjector, OrderPlaced,
    OrderStatus, PaymentDeclined, PaymentReceived, StockLevel, StockLevelProjector, StockReserved,
};
use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, Projector, ProjectorRoutes, RetryPolicy, Rows,
    UnitOfWork, wiring::DomainBuilder,
};
use flow_harness::prelude::*;

use crate::fixture::LabError;

/// Returns the shop without the handlers of orders and without the projector of the dashboard.
pub(crate) fn shop_without_order_handlers() -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_from_outside::<PaymentReceived>()
        .event_from_outside::<PaymentDeclined>()
        .projection::<OrderDashboard>()
        .projection::<StockLevel>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .projector(StockLevelProjector)
}

/// Returns the shop with `projector` for the dashboard.
pub(crate) fn with_projector<P: Projector>(mode: Mode, projector: fn() -> P) -> FlowHarness {
    FlowHarness::new(move || {
        shop_without_order_handlers()
            .event_handler(::shop::InventoryEventHandler)
            .process_manager::<Fulfilment>()
            .projector(projector())
            .build()
    })
    .mode(mode)
}

/// Returns the shop with an additional handler.
pub(crate) fn with_handler<H: EventHandler>(mode: Mode, handler: fn() -> H) -> FlowHarness {
    FlowHarness::new(move || {
        shop_without_order_handlers()
            .event_handler(::shop::InventoryEventHandler)
            .process_manager::<Fulfilment>()
            .event_handler(handler())
            .projector(OrderDashboardProjector)
            .build()
    })
    .mode(mode)
}

/// Returns the shop in which only `handler` handles orders.
pub(crate) fn with_inventory<H: EventHandler>(mode: Mode, handler: fn() -> H) -> FlowHarness {
    FlowHarness::new(move || {
        shop_without_order_handlers()
            .event_handler(handler())
            .projector(OrderDashboardProjector)
            .build()
    })
    .mode(mode)
}

/// Defines a projector of the dashboard with a route for each event.
macro_rules! dashboard_projector {
    ($(#[$doc:meta])* $name:ident: $($event:ident => $method:ident),+) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Projector for $name {
            type Projection = OrderDashboard;

            fn routes(on: &mut ProjectorRoutes<Self>) {
                $(on.event(Self::$method);)+
            }
        }
    };
}

fn row(event: OrderPlaced) -> OrderDashboard {
    OrderDashboard {
        order_id: event.order_id,
        customer_id: event.customer_id,
        status: OrderStatus::Placed,
        total_cents: event.total_cents,
    }
}

dashboard_projector!(
    /// Does not write the row.
    Forgetful: OrderPlaced => on_order_placed
);

impl Forgetful {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        _rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let _row = row(event);
        Ok(())
    }
}

dashboard_projector!(
    /// Writes the row under the id of the customer.
    Misfiler: OrderPlaced => on_order_placed
);

impl Misfiler {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let order_id = event.customer_id.clone();
        rows.put(OrderDashboard {
            order_id,
            ..row(event)
        })
        .await
    }
}

dashboard_projector!(
    /// Deletes the row when the order is confirmed.
    Eraser: OrderPlaced => on_order_placed, OrderConfirmed => on_order_confirmed
);

impl Eraser {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.put(row(event)).await
    }

    async fn on_order_confirmed(
        &self,
        event: OrderConfirmed,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.delete(event.order_id).await
    }
}

dashboard_projector!(
    /// Sets the order back to a draft when its stock is reserved.
    Overwriter: OrderPlaced => on_order_placed, StockReserved => on_stock_reserved
);

impl Overwriter {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.put(row(event)).await
    }

    async fn on_stock_reserved(
        &self,
        event: StockReserved,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.change(event.order_id, |row| row.status = OrderStatus::Draft)
            .await
    }
}

dashboard_projector!(
    /// Stores the product id as the customer id.
    Mixer: OrderPlaced => on_order_placed
);

impl Mixer {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let customer_id = event.product_id.clone();
        rows.put(OrderDashboard {
            customer_id,
            ..row(event)
        })
        .await
    }
}

dashboard_projector!(
    /// Stores the order id of a payment as the customer id.
    Cashier: PaymentReceived => on_payment_received
);

impl Cashier {
    async fn on_payment_received(
        &self,
        event: PaymentReceived,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.put(OrderDashboard {
            customer_id: event.order_id.clone(),
            order_id: event.order_id,
            status: OrderStatus::Confirmed,
            total_cents: event.amount_cents,
        })
        .await
    }
}

dashboard_projector!(
    /// Adds to the total instead of setting it.
    Adder: OrderPlaced => on_order_placed
);

impl Adder {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let (order_id, cents) = (event.order_id.clone(), event.total_cents);
        let empty = OrderDashboard {
            total_cents: 0,
            ..row(event)
        };

        rows.change_or_insert(order_id, || empty, |row| row.total_cents += cents)
            .await
    }
}

/// Handles only events caused by a payment, but no order is.
#[derive(Debug)]
pub(crate) struct Picky;

impl EventHandler for Picky {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
        on.subscription().origin("payment");
    }
}

impl Picky {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Cancels an order that is not paid within a day.
#[derive(Debug)]
pub(crate) struct UnpaidOrderCanceller;

impl EventHandler for UnpaidOrderCanceller {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).issues::<CancelOrder>();
    }
}

impl UnpaidOrderCanceller {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let cancel_order = CancelOrder {
            order_id: event.order_id,
            reason: "not paid".into(),
        };
        let tomorrow = work.now() + Duration::from_secs(86_400);

        work.process_at(tomorrow, cancel_order).map(|_| ())
    }
}

/// Fails, or panics on an order of three pieces.
#[derive(Debug)]
pub(crate) struct Clumsy;

impl EventHandler for Clumsy {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).raises::<StockReserved>();
        on.subscription().retry(RetryPolicy::attempts(3));
    }
}

impl Clumsy {
    async fn on_order_placed(&self, event: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        assert!(event.quantity != 3, "three are too many");
        Err(Error::failed("counting the stock", LabError("smoke")))
    }
}

/// Handles each order once.
#[derive(Debug)]
pub(crate) struct OnceOnly;

impl EventHandler for OnceOnly {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
        on.subscription().once();
    }
}

impl OnceOnly {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// Confirms a paid order, and then fails.
#[derive(Debug)]
pub(crate) struct Hasty;

impl EventHandler for Hasty {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_payment_received).issues::<ConfirmOrder>();
        on.subscription().retry(RetryPolicy::attempts(1));
    }
}

impl Hasty {
    async fn on_payment_received(
        &self,
        event: PaymentReceived,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let order_id = event.order_id;
        work.process(ConfirmOrder { order_id }).await?;
        Err(Error::failed("booking the payment", LabError("smoke")))
    }
}

/// Ignores that the order cannot be confirmed, and then fails for another reason.
#[derive(Debug)]
pub(crate) struct Stubborn;

impl EventHandler for Stubborn {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_payment_received).issues::<ConfirmOrder>();
        on.subscription().retry(RetryPolicy::attempts(1));
    }
}

impl Stubborn {
    async fn on_payment_received(
        &self,
        event: PaymentReceived,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let order_id = event.order_id;
        let _rejection = work.process(ConfirmOrder { order_id }).await;
        Err(Error::failed("booking the payment", LabError("smoke")))
    }
}

/// Loads the stock by the id of the customer.
#[derive(Debug)]
pub(crate) struct WrongShelf;

impl EventHandler for WrongShelf {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).raises::<StockReserved>();
        on.subscription().retry(RetryPolicy::attempts(1));
    }
}

impl WrongShelf {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut inventory = work.load::<Inventory>(&event.customer_id).await?;
        inventory.reserve(&event.order_id, event.quantity);
        work.add(inventory)
    }
}

/// Finds the stock by the id of the customer, and does nothing if there is none.
#[derive(Debug)]
pub(crate) struct SilentShelf;

impl EventHandler for SilentShelf {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).raises::<StockReserved>();
    }
}

impl SilentShelf {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let Some(mut inventory) = work.find::<Inventory>(&event.customer_id).await? else {
            return Ok(());
        };

        inventory.reserve(&event.order_id, event.quantity);
        work.add(inventory)
    }
}

/// Finds the stock by the id of the customer, and creates it if there is none.
#[derive(Debug)]
pub(crate) struct NewShelf;

impl EventHandler for NewShelf {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).raises::<StockReserved>();
    }
}

impl NewShelf {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let stored = work.find::<Inventory>(&event.customer_id).await?;
        let mut inventory = stored.unwrap_or_else(|| Inventory::empty(&event.customer_id));

        inventory.receive(10);
        inventory.reserve(&event.order_id, event.quantity);
        work.add(inventory)
    }
}

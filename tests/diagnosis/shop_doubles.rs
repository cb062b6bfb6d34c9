//! Handlers of the shop that are wrong, each in one way.

use ::shop::{
    CancelOrder, ConfirmOrder, Fulfilment, Inventory, InventoryCommandHandler, Order,
    OrderCommandHandler, OrderConfirmed, OrderDashboard, OrderDashboardProjector, OrderPlaced,
    OrderStatus, PaymentDeclined, PaymentReceived, StockLevel, StockLevelProjector, StockReserved,
};
use std::time::Duration;

use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, Projector, ProjectorRoutes, RetryPolicy, Rows,
    UnitOfWork, wiring::DomainBuilder,
};
use flow_harness::prelude::*;

use crate::fixture::LabError;

/// The shop without what reacts to orders and without what keeps the dashboard.
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

/// The shop with a dashboard that `projector` keeps.
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

/// The shop with a handler more.
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

/// The shop in which `handler` and nobody else reacts to orders.
pub(crate) fn with_inventory<H: EventHandler>(mode: Mode, handler: fn() -> H) -> FlowHarness {
    FlowHarness::new(move || {
        shop_without_order_handlers()
            .event_handler(handler())
            .projector(OrderDashboardProjector)
            .build()
    })
    .mode(mode)
}

macro_rules! dashboard {
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

dashboard!(
    /// Forgets to put the row.
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

dashboard!(
    /// Puts the row under the id of the customer.
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

dashboard!(
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

dashboard!(
    /// Makes a draft of the order again when its stock is reserved.
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

dashboard!(
    /// Takes the product for the customer.
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

dashboard!(
    /// Takes the order of a payment for who paid.
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

dashboard!(
    /// Adds the total of an order up.
    Adder: OrderPlaced => on_order_placed
);

impl Adder {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let (order_id, cents) = (event.order_id.clone(), event.total_cents);
        let none = OrderDashboard {
            total_cents: 0,
            ..row(event)
        };
        rows.change_or_insert(order_id, || none, |row| row.total_cents += cents)
            .await
    }
}

/// Wants only what a payment caused, and orders are not.
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

/// Gives an order up if it is not paid within a day.
#[derive(Debug)]
pub(crate) struct Patient;

impl EventHandler for Patient {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed).issues::<CancelOrder>();
    }
}

impl Patient {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let cancel = CancelOrder {
            order_id: event.order_id,
            reason: "not paid".into(),
        };
        let tomorrow = work.now() + Duration::from_secs(86_400);
        work.schedule(cancel, tomorrow).map(|_| ())
    }
}

/// Fails, or panics if there are three pieces.
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

/// Confirms what is paid, and then fails.
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

/// Looks the stock up by the customer, as the first version of the shop did.
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

/// Looks the stock up by the customer, and does nothing if there is none.
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

/// Looks the stock up by the customer, and makes a new one if there is none.
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
        let known = work.find::<Inventory>(&event.customer_id).await?;
        let mut inventory = known.unwrap_or_else(|| Inventory::empty(&event.customer_id));
        inventory.receive(10);
        inventory.reserve(&event.order_id, event.quantity);
        work.add(inventory)
    }
}

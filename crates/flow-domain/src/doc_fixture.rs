//! The small shop that the examples of this documentation use.
#![allow(missing_docs, reason = "it is not part of the documentation")]

use serde::{Deserialize, Serialize};

use crate::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rejection, Rows, UnitOfWork, WiringErrors,
    adapter::memory::MemoryStore,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, ConfirmOrder), events(OrderPlaced))]
pub struct Order {
    pub order_id: String,
    pub total_cents: u64,
    pub placed: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the order is already placed")]
pub struct OrderError;

impl Rejection for OrderError {}

impl Order {
    pub fn draft(order_id: String, total_cents: u64) -> Self {
        Self {
            order_id,
            total_cents,
            placed: false,
            raised: PendingEvents::default(),
        }
    }

    pub fn place(&mut self) -> Result<(), OrderError> {
        if self.placed {
            return Err(OrderError);
        }

        self.placed = true;
        self.raise(OrderPlaced {
            order_id: self.order_id.clone(),
        });

        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct PlaceOrder {
    pub order_id: String,
    pub total_cents: u64,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct ConfirmOrder {
    pub order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderPlaced {
    pub order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = product_id, events(StockReserved))]
pub struct Inventory {
    pub product_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Inventory {
    pub fn reserve(&mut self, order_id: &str) {
        self.raise(StockReserved {
            product_id: self.product_id.clone(),
            order_id: order_id.to_owned(),
        });
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReserved {
    pub product_id: String,
    pub order_id: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
pub struct OrderDashboard {
    pub order_id: String,
    pub status: String,
}

#[derive(Debug)]
pub struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
    }
}

impl OrderCommandHandler {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = Order::draft(command.order_id, command.total_cents);
        order.place()?;
        work.add(order)
    }
}

#[derive(Debug)]
pub struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl OrderDashboardProjector {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let status = "placed".into();
        let order_id = event.order_id;
        rows.put(OrderDashboard { order_id, status }).await
    }
}

pub fn shop() -> Result<Domain, WiringErrors> {
    Domain::builder("shop")
        .aggregate::<Order>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .projector(OrderDashboardProjector)
        .build()
}

pub fn app() -> Result<App, WiringErrors> {
    Ok(App::builder(shop()?).store(MemoryStore::default()).start())
}

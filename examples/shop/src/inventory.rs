use std::collections::BTreeMap;

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Error, Event, EventHandler,
    EventRoutes, PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::{OrderCancelled, OrderPlaced};

/// The stock of one product. Event-sourced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = product_id,
    event_sourced,
    commands(ReceiveStock),
    events(StockReceived, StockReserved, StockRefused, StockReleased)
)]
pub struct Inventory {
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces that can be reserved.
    pub available: u32,
    /// The number of reserved pieces for each order id.
    pub reserved: BTreeMap<String, u32>,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Inventory {
    /// Creates an empty stock of a product.
    pub fn empty(product_id: impl Into<String>) -> Self {
        Self {
            product_id: product_id.into(),
            ..Self::default()
        }
    }

    /// Adds delivered pieces to the stock.
    pub fn receive(&mut self, quantity: u32) {
        self.raise(StockReceived {
            product_id: self.product_id.clone(),
            quantity,
        });
    }

    /// Reserves stock for an order, or raises [`StockRefused`] if there is too little.
    ///
    /// Does nothing if the order already has a reservation.
    pub fn reserve(&mut self, order_id: &str, quantity: u32) {
        if self.reserved.contains_key(order_id) {
            return;
        }

        let (product_id, order_id) = (self.product_id.clone(), order_id.to_owned());
        if self.available < quantity {
            self.raise(StockRefused {
                product_id,
                order_id,
                wanted: quantity,
                available: self.available,
            });
        } else {
            self.raise(StockReserved {
                product_id,
                order_id,
                quantity,
            });
        }
    }

    /// Releases the reservation of an order, if it has one.
    pub fn release(&mut self, order_id: &str) {
        if let Some(quantity) = self.reserved.get(order_id) {
            self.raise(StockReleased {
                product_id: self.product_id.clone(),
                order_id: order_id.to_owned(),
                quantity: *quantity,
            });
        }
    }
}

impl Apply<StockReceived> for Inventory {
    fn apply(&mut self, event: &StockReceived) {
        self.product_id.clone_from(&event.product_id);
        self.available += event.quantity;
    }
}

impl Apply<StockReserved> for Inventory {
    fn apply(&mut self, event: &StockReserved) {
        self.available -= event.quantity;
        self.reserved.insert(event.order_id.clone(), event.quantity);
    }
}

impl Apply<StockRefused> for Inventory {
    fn apply(&mut self, event: &StockRefused) {
        self.product_id.clone_from(&event.product_id);
    }
}

impl Apply<StockReleased> for Inventory {
    fn apply(&mut self, event: &StockReleased) {
        self.available += event.quantity;
        self.reserved.remove(&event.order_id);
    }
}

/// Adds delivered stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Inventory, id = product_id)]
pub struct ReceiveStock {
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces.
    pub quantity: u32,
}

/// Stock was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReceived {
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces.
    pub quantity: u32,
}

/// Stock was reserved for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReserved {
    /// The id of the product.
    pub product_id: String,
    /// The id of the order.
    pub order_id: String,
    /// The number of pieces.
    pub quantity: u32,
}

/// There was too little stock for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockRefused {
    /// The id of the product.
    pub product_id: String,
    /// The id of the order.
    pub order_id: String,
    /// The number of pieces that the order needs.
    pub wanted: u32,
    /// The number of pieces that were available.
    pub available: u32,
}

/// Reserved stock can be sold again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReleased {
    /// The id of the product.
    pub product_id: String,
    /// The id of the order.
    pub order_id: String,
    /// The number of pieces.
    pub quantity: u32,
}

/// Handles deliveries of stock.
#[derive(Debug)]
pub struct InventoryCommandHandler;

impl CommandHandler for InventoryCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::receive_stock).raises::<StockReceived>();
    }
}

impl InventoryCommandHandler {
    async fn receive_stock(
        &self,
        command: ReceiveStock,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let stored = work.find::<Inventory>(&command.product_id).await?;
        let mut inventory = stored.unwrap_or_else(|| Inventory::empty(command.product_id));

        inventory.receive(command.quantity);
        work.add(inventory)
    }
}

/// Reserves stock for placed orders and releases it for cancelled ones.
#[derive(Debug)]
pub struct InventoryEventHandler;

impl EventHandler for InventoryEventHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed)
            .raises::<(StockReserved, StockRefused)>();
        on.event(Self::on_order_cancelled).raises::<StockReleased>();
    }
}

impl InventoryEventHandler {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let stored = work.find::<Inventory>(&event.product_id).await?;
        let mut inventory = stored.unwrap_or_else(|| Inventory::empty(event.product_id));

        inventory.reserve(&event.order_id, event.quantity);
        work.add(inventory)
    }

    async fn on_order_cancelled(
        &self,
        event: OrderCancelled,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut inventory = work.load::<Inventory>(&event.product_id).await?;
        inventory.release(&event.order_id);
        work.add(inventory)
    }
}

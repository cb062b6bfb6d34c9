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
    /// Identifies the product.
    pub product_id: String,
    /// How many can still be reserved.
    pub available: u32,
    /// How many are reserved, by order.
    pub reserved: BTreeMap<String, u32>,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Inventory {
    /// The stock of a product of which nothing was ever received.
    pub fn empty(product_id: impl Into<String>) -> Self {
        Self {
            product_id: product_id.into(),
            ..Self::default()
        }
    }

    /// Takes in what was delivered.
    pub fn receive(&mut self, quantity: u32) {
        self.raise(StockReceived {
            product_id: self.product_id.clone(),
            quantity,
        });
    }

    /// Reserves stock for an order, or raises [`StockRefused`] if there is too little. An order that
    /// has its reservation already keeps it.
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

    /// Gives back what is reserved for an order, if anything is.
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

/// Tells that stock was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Inventory, id = product_id)]
pub struct ReceiveStock {
    /// Which product.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
}

/// Stock was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReceived {
    /// Which product.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
}

/// Stock was set aside for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReserved {
    /// Which product.
    pub product_id: String,
    /// For which order.
    pub order_id: String,
    /// How many.
    pub quantity: u32,
}

/// There was too little stock for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockRefused {
    /// Which product.
    pub product_id: String,
    /// For which order.
    pub order_id: String,
    /// How many were wanted.
    pub wanted: u32,
    /// How many there were.
    pub available: u32,
}

/// Stock that was set aside for an order can be sold again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub struct StockReleased {
    /// Which product.
    pub product_id: String,
    /// For which order it had been set aside.
    pub order_id: String,
    /// How many.
    pub quantity: u32,
}

/// Takes deliveries in.
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
        let known = work.find::<Inventory>(&command.product_id).await?;
        let mut inventory = known.unwrap_or_else(|| Inventory::empty(command.product_id));
        inventory.receive(command.quantity);
        work.add(inventory)
    }
}

/// Reserves stock for orders, and gives it back when they are cancelled.
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
        let known = work.find::<Inventory>(&event.product_id).await?;
        let mut inventory = known.unwrap_or_else(|| Inventory::empty(event.product_id));
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

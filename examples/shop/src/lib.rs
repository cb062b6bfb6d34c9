//! A shop with orders and stock. An order is confirmed after it is paid and its stock is reserved.
//! It is cancelled if one of the two fails.
//!
//! ```text
//! PlaceOrder -> OrderCommandHandler -> OrderPlaced
//!     -> InventoryEventHandler -> StockReserved | StockRefused
//!     -> Fulfilment            joins StockReserved and PaymentReceived -> ConfirmOrder | CancelOrder
//!     -> OrderDashboardProjector, StockLevelProjector
//! ```
//!
//! `Order` is stored as state; `Inventory` is event-sourced. Payments come from outside.

mod dashboard;
mod fulfilment;
mod inventory;
mod mail;
mod order;
mod payment;
mod stock_level;

use std::sync::Arc;

use flow_domain::{Domain, WarningSelector, WiringErrors};

pub use dashboard::{OrderDashboard, OrderDashboardProjector};
pub use fulfilment::Fulfilment;
pub use inventory::{
    Inventory, InventoryCommandHandler, InventoryEventHandler, ReceiveStock, StockReceived,
    StockRefused, StockReleased, StockReserved,
};
pub use mail::{Mail, MailError, MailHandler, Mailer};
pub use order::{
    CancelOrder, ConfirmOrder, Order, OrderCancelled, OrderCommandHandler, OrderConfirmed,
    OrderError, OrderPlaced, OrderStatus, PlaceOrder,
};
pub use payment::{PaymentDeclined, PaymentReceived};
pub use stock_level::{StockLevel, StockLevelProjector};

/// Builds the domain of the shop.
///
/// # Errors
///
/// Returns all mistakes in the wiring.
pub fn domain() -> Result<Domain, WiringErrors> {
    builder().build()
}

/// Builds the domain of the shop with a handler that mails the customers.
///
/// # Errors
///
/// Returns all mistakes in the wiring.
pub fn domain_with_mail(mailer: Arc<dyn Mailer>) -> Result<Domain, WiringErrors> {
    builder().event_handler(MailHandler::new(mailer)).build()
}

fn builder() -> flow_domain::wiring::DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_from_outside::<PaymentReceived>()
        .event_from_outside::<PaymentDeclined>()
        .projection::<OrderDashboard>()
        .projection::<StockLevel>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(InventoryEventHandler)
        .process_manager::<Fulfilment>()
        .acknowledge(
            WarningSelector::event_before_start::<Fulfilment, PaymentReceived>(),
            "the customer pays when the order is shown, which is long after the start",
        )
        .acknowledge(
            WarningSelector::event_before_start::<Fulfilment, PaymentDeclined>(),
            "the customer pays when the order is shown, which is long after the start",
        )
        .projector(OrderDashboardProjector)
        .projector(StockLevelProjector)
}

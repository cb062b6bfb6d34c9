use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, Rejection,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// An order of a customer. Stored as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = order_id,
    commands(PlaceOrder, ConfirmOrder, CancelOrder),
    events(OrderPlaced, OrderConfirmed, OrderCancelled)
)]
pub struct Order {
    /// The id of the order.
    pub order_id: String,
    /// The id of the customer.
    pub customer_id: String,
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces.
    pub quantity: u32,
    /// The total price.
    pub total_cents: u64,
    /// The status of the order.
    pub status: OrderStatus,
    #[serde(skip)]
    raised: PendingEvents,
}

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    /// The order is not placed yet.
    Draft,
    /// The order is placed; payment and stock are pending.
    Placed,
    /// The order is paid and its stock is reserved.
    Confirmed,
    /// The order was cancelled.
    Cancelled,
}

/// The reason why an order rejects a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The order is already placed.
    #[error("the order is already placed")]
    AlreadyPlaced,
    /// The quantity is zero.
    #[error("an order needs at least one piece")]
    Empty,
    /// The order is in another state than `Placed`.
    #[error("the order is {0:?}, not Placed")]
    NotPlaced(OrderStatus),
}

impl Rejection for OrderError {}

impl Order {
    /// Creates an order that is not placed yet.
    pub fn draft(
        order_id: impl Into<String>,
        customer_id: impl Into<String>,
        product_id: impl Into<String>,
        quantity: u32,
        total_cents: u64,
    ) -> Self {
        Self {
            order_id: order_id.into(),
            customer_id: customer_id.into(),
            product_id: product_id.into(),
            quantity,
            total_cents,
            status: OrderStatus::Draft,
            raised: PendingEvents::default(),
        }
    }

    /// Places the order.
    ///
    /// # Errors
    ///
    /// Rejects the command if the order is already placed, or its quantity is zero.
    pub fn place(&mut self) -> Result<(), OrderError> {
        if self.status != OrderStatus::Draft {
            return Err(OrderError::AlreadyPlaced);
        }
        if self.quantity == 0 {
            return Err(OrderError::Empty);
        }

        self.status = OrderStatus::Placed;
        self.raise(OrderPlaced {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            product_id: self.product_id.clone(),
            quantity: self.quantity,
            total_cents: self.total_cents,
        });
        Ok(())
    }

    /// Confirms the order after it is paid and its stock is reserved.
    ///
    /// # Errors
    ///
    /// Rejects the command unless the order is placed.
    pub fn confirm(&mut self) -> Result<(), OrderError> {
        self.require_placed()?;
        self.status = OrderStatus::Confirmed;
        self.raise(OrderConfirmed {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
        });
        Ok(())
    }

    /// Cancels the order.
    ///
    /// # Errors
    ///
    /// Rejects the command unless the order is placed.
    pub fn cancel(&mut self, reason: impl Into<String>) -> Result<(), OrderError> {
        self.require_placed()?;
        self.status = OrderStatus::Cancelled;
        self.raise(OrderCancelled {
            order_id: self.order_id.clone(),
            product_id: self.product_id.clone(),
            reason: reason.into(),
        });
        Ok(())
    }

    fn require_placed(&self) -> Result<(), OrderError> {
        match self.status {
            OrderStatus::Placed => Ok(()),
            status => Err(OrderError::NotPlaced(status)),
        }
    }
}

/// Places an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct PlaceOrder {
    /// The id of the new order.
    pub order_id: String,
    /// The id of the customer.
    pub customer_id: String,
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces.
    pub quantity: u32,
    /// The total price.
    pub total_cents: u64,
}

/// Confirms an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct ConfirmOrder {
    /// The id of the order.
    pub order_id: String,
}

/// Cancels an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct CancelOrder {
    /// The id of the order.
    pub order_id: String,
    /// The reason.
    pub reason: String,
}

/// An order was placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderPlaced {
    /// The id of the order.
    pub order_id: String,
    /// The id of the customer.
    pub customer_id: String,
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces.
    pub quantity: u32,
    /// The total price.
    pub total_cents: u64,
}

/// An order was confirmed: it is paid and its stock is reserved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderConfirmed {
    /// The id of the order.
    pub order_id: String,
    /// The id of the customer.
    pub customer_id: String,
}

/// An order was cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderCancelled {
    /// The id of the order.
    pub order_id: String,
    /// The id of the product.
    pub product_id: String,
    /// The reason.
    pub reason: String,
}

/// Handles the commands of orders.
#[derive(Debug)]
pub struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order).raises::<OrderPlaced>();
        on.command(Self::confirm_order).raises::<OrderConfirmed>();
        on.command(Self::cancel_order).raises::<OrderCancelled>();
    }
}

impl OrderCommandHandler {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        let stored = work.find::<Order>(&command.order_id).await?;
        let mut order = stored.unwrap_or_else(|| {
            Order::draft(
                command.order_id,
                command.customer_id,
                command.product_id,
                command.quantity,
                command.total_cents,
            )
        });

        order.place()?;
        work.add(order)
    }

    async fn confirm_order(
        &self,
        command: ConfirmOrder,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut order = work.load::<Order>(&command.order_id).await?;
        order.confirm()?;
        work.add(order)
    }

    async fn cancel_order(&self, command: CancelOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut order = work.load::<Order>(&command.order_id).await?;
        order.cancel(command.reason)?;
        work.add(order)
    }
}

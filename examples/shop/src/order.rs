use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, Rejection,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// What a customer ordered. Kept as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = order_id,
    commands(PlaceOrder, ConfirmOrder, CancelOrder),
    events(OrderPlaced, OrderConfirmed, OrderCancelled)
)]
pub struct Order {
    /// Identifies the order.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What was ordered.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// What it costs altogether.
    pub total_cents: u64,
    /// How far the order has come.
    pub status: OrderStatus,
    #[serde(skip)]
    raised: PendingEvents,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Not placed yet.
    Draft,
    /// Placed; payment and stock are awaited.
    Placed,
    /// Paid, with its stock reserved.
    Confirmed,
    /// Given up.
    Cancelled,
}

/// Why an order refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It was placed before.
    #[error("the order is already placed")]
    AlreadyPlaced,
    /// It has nothing in it.
    #[error("an order needs at least one piece")]
    Empty,
    /// It is not waiting to be confirmed or cancelled.
    #[error("the order is {0:?}, not Placed")]
    NotPlaced(OrderStatus),
}

impl Rejection for OrderError {}

impl Order {
    /// Begins an order.
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
    /// Refuses if it is placed already, or empty.
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

    /// Confirms the order: it is paid and its stock is reserved.
    ///
    /// # Errors
    ///
    /// Refuses unless it is placed.
    pub fn confirm(&mut self) -> Result<(), OrderError> {
        self.require_placed()?;
        self.status = OrderStatus::Confirmed;
        self.raise(OrderConfirmed {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
        });
        Ok(())
    }

    /// Gives the order up.
    ///
    /// # Errors
    ///
    /// Refuses unless it is placed.
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
            other => Err(OrderError::NotPlaced(other)),
        }
    }
}

/// Asks for an order to be placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct PlaceOrder {
    /// The id that the order is to have.
    pub order_id: String,
    /// Who orders.
    pub customer_id: String,
    /// What is ordered.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// What it costs altogether.
    pub total_cents: u64,
}

/// Asks for an order to be confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct ConfirmOrder {
    /// Which order.
    pub order_id: String,
}

/// Asks for an order to be given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub struct CancelOrder {
    /// Which order.
    pub order_id: String,
    /// Why.
    pub reason: String,
}

/// An order was placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderPlaced {
    /// Which order.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What was ordered.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// What it costs altogether.
    pub total_cents: u64,
}

/// An order is paid and its stock is reserved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderConfirmed {
    /// Which order.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
}

/// An order was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub struct OrderCancelled {
    /// Which order.
    pub order_id: String,
    /// What had been ordered.
    pub product_id: String,
    /// Why.
    pub reason: String,
}

/// Decides on orders.
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
        let known = work.find::<Order>(&command.order_id).await?;
        let mut order = known.unwrap_or_else(|| {
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

use esrs::Aggregate;

#[derive(Debug)]
pub(crate) enum OrderCommand {
    Place { cents: u64 },
    Pay { cents: u64 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OrderEvent {
    Placed {
        cents: u64,
    },
    /// More was paid than the order costs.
    Overpaid {
        cents: u64,
    },
    Paid,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("the order was placed before")]
    AlreadyPlaced,
    #[error("nobody has placed this order")]
    NotPlaced,
    #[error("the order was paid before")]
    AlreadyPaid,
    #[error("{missing} cents are missing")]
    TooLittleMoney { missing: u64 },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OrderState {
    cents: Option<u64>,
    pub(crate) is_paid: bool,
}

pub(crate) struct Order;

impl Aggregate for Order {
    const NAME: &'static str = "order";
    type State = OrderState;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;

    fn handle_command(
        order: &OrderState,
        command: OrderCommand,
    ) -> Result<Vec<OrderEvent>, OrderError> {
        match (command, order.cents) {
            (OrderCommand::Place { cents }, None) => Ok(vec![OrderEvent::Placed { cents }]),
            (OrderCommand::Place { .. }, Some(_)) => Err(OrderError::AlreadyPlaced),
            (OrderCommand::Pay { .. }, None) => Err(OrderError::NotPlaced),
            (OrderCommand::Pay { .. }, Some(_)) if order.is_paid => Err(OrderError::AlreadyPaid),
            (OrderCommand::Pay { cents }, Some(price)) if cents < price => {
                Err(OrderError::TooLittleMoney {
                    missing: price - cents,
                })
            }
            (OrderCommand::Pay { cents }, Some(price)) if price < cents => {
                let cents = cents - price;
                Ok(vec![OrderEvent::Paid, OrderEvent::Overpaid { cents }])
            }
            (OrderCommand::Pay { .. }, Some(_)) => Ok(vec![OrderEvent::Paid]),
        }
    }

    fn apply_event(order: OrderState, event: OrderEvent) -> OrderState {
        match event {
            OrderEvent::Placed { cents } => OrderState {
                cents: Some(cents),
                ..order
            },
            OrderEvent::Paid => OrderState {
                is_paid: true,
                ..order
            },
            OrderEvent::Overpaid { .. } => order,
        }
    }
}

#[derive(Debug)]
pub(crate) struct ParcelCommand;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ParcelEvent {
    Packed,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the parcel was packed before")]
pub(crate) struct ParcelError;

/// A parcel has the id of its order.
pub(crate) struct Parcel;

impl Aggregate for Parcel {
    const NAME: &'static str = "parcel";
    type State = bool;
    type Command = ParcelCommand;
    type Event = ParcelEvent;
    type Error = ParcelError;

    fn handle_command(
        is_packed: &bool,
        _pack: ParcelCommand,
    ) -> Result<Vec<ParcelEvent>, ParcelError> {
        match is_packed {
            true => Err(ParcelError),
            false => Ok(vec![ParcelEvent::Packed]),
        }
    }

    fn apply_event(_is_packed: bool, _packed: ParcelEvent) -> bool {
        true
    }
}

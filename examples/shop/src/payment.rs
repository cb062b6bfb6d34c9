use flow_domain::Event;
use serde::{Deserialize, Serialize};

/// The payment service received the money for an order. Comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
pub struct PaymentReceived {
    /// The id of the payment.
    pub payment_id: String,
    /// The id of the order.
    pub order_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// The payment service could not collect the money for an order. Comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
pub struct PaymentDeclined {
    /// The id of the payment.
    pub payment_id: String,
    /// The id of the order.
    pub order_id: String,
}

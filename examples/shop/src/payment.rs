use flow_domain::Event;
use serde::{Deserialize, Serialize};

/// The payment service took the money for an order. It comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
pub struct PaymentReceived {
    /// Identifies the payment.
    pub payment_id: String,
    /// Which order was paid.
    pub order_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// The payment service could not take the money for an order. It comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
pub struct PaymentDeclined {
    /// Identifies the payment.
    pub payment_id: String,
    /// Which order was to be paid.
    pub order_id: String,
}

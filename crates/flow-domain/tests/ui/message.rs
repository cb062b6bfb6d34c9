//! All mistakes in the attribute of a message are reported at once.

use flow_domain::{Aggregate, Command, Event, PendingEvents};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id)]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct NoAttribute {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
struct NoAttributeEither {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order)]
struct NoId {
    total: u64,
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = ordr_id)]
struct NoSuchField {
    total: u64,
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
enum NoSuchFieldInSome {
    Opened { order_id: String },
    Closed { reason: String },
    Lost,
    Moved(String),
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, category = "order", id = order_id)]
struct TwoCategories {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "pay-ment", id = payment_id)]
struct NoCategory {
    payment_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order)]
struct Tuple(String);

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct Generic<T> {
    order_id: T,
}

fn main() {}

//! The error says what can be an id, and what to write.

use std::fmt;

use flow_domain::{Aggregate, Event, Id, PendingEvents, Projection};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = order_id)]
struct OrderPlaced {
    order_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = weight)]
struct Parcel {
    weight: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OrderNo(u32);

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ORD-{:05}", self.0)
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = no)]
struct Order {
    no: OrderNo,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Id)]
struct Weight(f64);

fn main() {}

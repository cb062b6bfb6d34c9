//! The error for an unknown key lists the known keys.

use flow_domain::{Aggregate, Command, Event, Projection};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(aggregate = Order, id = "order_id", version = 0, name = "")]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = order_id, id = order_id, reply = u64)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = order_id, name = "OrderEvent")]
enum OrderEvent {
    #[event(part_of = Order)]
    Opened {
        order_id: String,
    },
    #[event(name = "Closed")]
    Shut {
        order_id: String,
    },
    Closed {
        order_id: String,
    },
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(key = order_id)]
struct OrderDashboard {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, PlaceOrder), event = OrderPlaced)]
struct Order {
    order_id: String,
}

fn main() {}

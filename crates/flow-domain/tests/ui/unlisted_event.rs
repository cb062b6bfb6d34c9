//! Only listed events can be raised.

use flow_domain::{Aggregate, Event, PendingEvents};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, events(OrderPlaced, OrderShipped))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderShipped {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderClosed {
    order_id: String,
}

fn close(order: &mut Order) {
    order.raise(OrderClosed {
        order_id: order.order_id.clone(),
    });
}

fn main() {}

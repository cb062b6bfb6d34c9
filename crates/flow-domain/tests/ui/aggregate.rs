//! What an aggregate lacks is named.

use flow_domain::{Aggregate, Projection, Raised};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id)]
struct NoRaised {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
struct NoAttribute {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id)]
struct TwoRaised {
    order_id: String,
    #[serde(skip)]
    raised: Raised,
    #[serde(skip)]
    also_raised: Raised,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourced)]
struct NoEvents {
    account_id: String,
    #[serde(skip)]
    raised: Raised,
}

#[derive(Debug, Aggregate)]
#[aggregate(id = order_id)]
struct RaisedIsStored {
    order_id: String,
    raised: Raised,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id)]
enum Order {
    Placed { order_id: String },
}

#[derive(Debug, Serialize, Deserialize, Projection)]
struct OrderDashboard {
    order_id: String,
}

fn main() {}

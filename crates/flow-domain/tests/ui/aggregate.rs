//! The error names what an aggregate lacks.

use flow_domain::{Aggregate, Projection, PendingEvents};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    raised: PendingEvents,
    #[serde(skip)]
    also_raised: PendingEvents,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourced)]
struct NoEvents {
    account_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

// By hand: serde's derives also reject the field, in a text that changes with their version.
#[derive(Debug, Aggregate)]
#[aggregate(id = order_id)]
struct RaisedIsStored {
    order_id: String,
    raised: PendingEvents,
}

impl Serialize for RaisedIsStored {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        unreachable!("this file is only compiled")
    }
}

impl<'de> Deserialize<'de> for RaisedIsStored {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        unreachable!("this file is only compiled")
    }
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

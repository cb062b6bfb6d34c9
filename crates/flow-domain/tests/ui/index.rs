//! Mistakes in `index(..)` of a projection, and in a sortable type.

use flow_domain::{Projection, Sortable};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(state, cached))]
struct UnknownFields {
    order_id: String,
    status: String,
    #[serde(skip)]
    cached: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Address {
    street: String,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id, index(address))]
struct NotSortable {
    order_id: String,
    address: Address,
}

#[derive(Sortable)]
struct Name {
    first: String,
    last: String,
}

#[derive(Sortable)]
enum Payment {
    Cash,
    Card { number: String },
}

#[derive(Sortable)]
struct Tags(Vec<String>);

#[derive(Clone, Serialize, Sortable)]
#[serde(into = "String")]
enum Level {
    Low,
}

impl From<Level> for String {
    fn from(_: Level) -> Self {
        "low level".into()
    }
}

fn main() {}

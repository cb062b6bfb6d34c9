//! The comparison of pending events.

use std::collections::HashMap;

use flow_domain::{Aggregate, Event, PendingEvents};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, events(Counted))]
struct Stock {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Stock, id = id)]
struct Counted {
    id: String,
    shelves: HashMap<char, u8>,
}

/// Returns an event whose map has a different iteration order on each call.
fn stock_counted(last: u8) -> Counted {
    let shelves = [
        ('a', 1),
        ('b', 2),
        ('c', 3),
        ('d', 4),
        ('e', 5),
        ('f', 6),
        ('g', 7),
        ('h', last),
    ];

    Counted {
        id: "s".into(),
        shelves: HashMap::from(shelves),
    }
}

#[test]
fn pending_events_are_equal_for_any_map_order() {
    let mut stock = Stock::default();

    stock.raise(stock_counted(8));

    assert_eq!(stock.raised(), stock_counted(8));
    assert_ne!(stock.raised(), stock_counted(9));
}

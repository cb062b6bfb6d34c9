//! The comparison of pending events.

use std::collections::HashMap;

use flow_domain::{Aggregate, Event, PendingEvents};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, events(Counted, Guessed))]
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

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, events(OtherCounted))]
struct Shelf {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Has the name and the fields of the event of [`Stock`].
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Shelf, id = id, name = "Counted")]
struct OtherCounted {
    id: String,
    shelves: HashMap<char, u8>,
}

#[test]
fn pending_events_of_another_aggregate_differ() {
    let Counted { id, shelves } = stock_counted(8);
    let mut shelf = Shelf::default();

    shelf.raise(OtherCounted { id, shelves });

    assert_ne!(shelf.raised(), stock_counted(8));
}

/// Is equal to any other guess.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Stock, id = id)]
struct Guessed {
    id: String,
    n_pieces: u8,
}

impl PartialEq for Guessed {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[test]
fn pending_events_are_compared_by_their_partial_eq() {
    let guessed = |id: &str, n_pieces| Guessed {
        id: id.into(),
        n_pieces,
    };
    let mut stock = Stock::default();

    stock.raise(guessed("s", 1));

    assert_eq!(stock.raised(), guessed("s", 2));
    assert_ne!(stock.raised(), guessed("t", 1));
}

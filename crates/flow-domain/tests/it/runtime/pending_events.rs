//! The comparison of pending events.

use std::collections::{HashMap, HashSet};

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
    labels: HashSet<u8>,
}

/// Returns an event whose map and set have a different iteration order on each call.
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
        labels: (0..8).collect(),
    }
}

#[test]
fn pending_events_are_equal_for_any_order_of_maps() {
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
    labels: HashSet<u8>,
}

#[test]
fn pending_events_of_another_aggregate_differ() {
    let Counted {
        id,
        shelves,
        labels,
    } = stock_counted(8);
    let mut shelf = Shelf::default();

    shelf.raise(OtherCounted {
        id,
        shelves,
        labels,
    });

    assert_ne!(shelf.raised(), stock_counted(8));
}

/// Its `PartialEq` reads only the id, and a guess of none is not equal to itself.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Stock, id = id)]
struct Guessed {
    id: String,
    n_pieces: u8,
}

impl PartialEq for Guessed {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.n_pieces != 0
    }
}

#[test]
fn pending_events_are_equal_by_partial_eq_and_in_all_fields() {
    let raised = |n_pieces| {
        let mut stock = Stock::default();
        stock.raise(guessed(n_pieces));
        stock
    };

    assert_eq!(raised(1).raised(), guessed(1));
    assert_ne!(raised(1).raised(), guessed(2));
    assert_ne!(raised(0).raised(), guessed(0));
}

fn guessed(n_pieces: u8) -> Guessed {
    Guessed {
        id: "s".into(),
        n_pieces,
    }
}

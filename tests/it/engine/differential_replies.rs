//! Differential mode compares the replies of both runs as values.

use std::{
    collections::HashSet,
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, PendingEvents, UnitOfWork,
    WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = shelf_id, commands(ListWords, Count, Draw))]
struct Shelf {
    shelf_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// The reply is a set, which is printed in any order.
#[derive(Debug, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Shelf, id = shelf_id, reply = HashSet<u32>)]
struct ListWords {
    shelf_id: String,
}

/// The reply is another number in every run.
#[derive(Debug, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Shelf, id = shelf_id, reply = u32)]
struct Count {
    shelf_id: String,
}

/// The reply cannot be compared.
#[derive(Debug, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Shelf, id = shelf_id, reply = Ticket)]
struct Draw {
    shelf_id: String,
}

struct Ticket(u32);

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ticket {}", self.0)
    }
}

/// Counts over all runs.
static COUNT: AtomicU32 = AtomicU32::new(0);

struct Librarian;

impl CommandHandler for Librarian {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::list_words);
        on.command(Self::count);
        on.command(Self::draw);
    }
}

impl Librarian {
    async fn list_words(&self, _: ListWords, _: &mut UnitOfWork) -> Result<HashSet<u32>, Error> {
        // Two hash sets with 30 elements practically never have the same order.
        Ok((0..30).collect())
    }

    async fn count(&self, _: Count, _: &mut UnitOfWork) -> Result<u32, Error> {
        Ok(COUNT.fetch_add(1, Ordering::Relaxed) % 2)
    }

    async fn draw(&self, _: Draw, _: &mut UnitOfWork) -> Result<Ticket, Error> {
        Ok(Ticket(COUNT.fetch_add(2, Ordering::Relaxed)))
    }
}

fn library() -> FlowHarness {
    let domain = || -> Result<Domain, WiringErrors> {
        Domain::builder("library")
            .aggregate::<Shelf>()
            .command_handler(Librarian)
            .build()
    };

    FlowHarness::new(domain).mode(Mode::Differential)
}

fn shelf_id() -> String {
    "top".to_owned()
}

#[test]
fn equal_replies_may_print_differently() {
    let list_words = ListWords {
        shelf_id: shelf_id(),
    };

    library().when(list_words).then_accepted().run();
}

#[test]
fn reply_without_partial_eq_is_not_compared() {
    let draw = Draw {
        shelf_id: shelf_id(),
    };

    library().when(draw).then_accepted().run();
}

#[test]
fn other_reply_is_a_difference() {
    let count = Count {
        shelf_id: shelf_id(),
    };
    let found = mismatch(library().when(count).then_accepted());

    assert!(found.contains("answer to act 1"), "{found}");
}

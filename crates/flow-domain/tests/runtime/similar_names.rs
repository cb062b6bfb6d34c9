//! Events whose names are alike.

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork, record::EntryKind};
use serde::{Deserialize, Serialize};

use crate::fixture::World;

// As long as each other, and with the same end: the index of events cannot tell them apart by itself.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "shop", id = id)]
struct StockReserved {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "shop", id = id)]
struct TableReserved {
    id: String,
}

struct OfStock;
struct OfTables;

impl EventHandler for OfStock {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::handle);
    }
}

impl EventHandler for OfTables {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::handle);
    }
}

impl OfStock {
    async fn handle(&self, _: StockReserved, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

impl OfTables {
    async fn handle(&self, _: TableReserved, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test]
async fn events_with_similar_names_reach_their_own_handlers() {
    let world = World::new(
        Domain::builder("shop")
            .event_from_outside::<StockReserved>()
            .event_from_outside::<TableReserved>()
            .event_handler(OfStock)
            .event_handler(OfTables),
    );

    world
        .app
        .publish(TableReserved { id: "t".into() })
        .await
        .unwrap();

    let record = world.record();
    let handlers = record
        .entries()
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::HandlerStarted { handler, .. } => Some(handler),
            _ => None,
        });
    assert_eq!(handlers.collect::<Vec<_>>(), ["OfTables"]);
}

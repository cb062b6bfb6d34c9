//! Events with similar names.

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork, record::EntryKind};
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

// Both names have the same length and the same end, so the event index cannot tell them apart by
// those.
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

struct StockHandler;
struct TableHandler;

impl EventHandler for StockHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_stock_reserved);
    }
}

impl EventHandler for TableHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_table_reserved);
    }
}

impl StockHandler {
    async fn on_stock_reserved(&self, _: StockReserved, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

impl TableHandler {
    async fn on_table_reserved(&self, _: TableReserved, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test]
async fn events_with_similar_names_reach_their_own_handlers() {
    let world = World::new(
        Domain::builder("shop")
            .event_from_outside::<StockReserved>()
            .event_from_outside::<TableReserved>()
            .event_handler(StockHandler)
            .event_handler(TableHandler),
    );

    world
        .app
        .publish(TableReserved { id: "t".into() })
        .await
        .unwrap();

    let record = world.record();
    let handlers: Vec<&str> = record
        .entries()
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::HandlerStarted { handler, .. } => Some(handler),
            _ => None,
        })
        .collect();
    assert_eq!(handlers, ["TableHandler"]);
}

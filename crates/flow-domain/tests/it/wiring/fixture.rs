//! Shared aggregates and messages, and handler methods that do nothing.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, EventHandler, PendingEvents,
    Projection, Rows, UnitOfWork, wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

use crate::fixture::build;

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder), events(OrderPlaced))]
pub(crate) struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = product_id, commands(ReserveStock), events(StockReserved))]
pub(crate) struct Inventory {
    product_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
pub(crate) struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Inventory, id = product_id)]
pub(crate) struct ReserveStock {
    product_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
pub(crate) struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Inventory, id = product_id)]
pub(crate) struct StockReserved {
    product_id: String,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
pub(crate) struct OrderDashboard {
    order_id: String,
}

pub(crate) struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
    }
}

/// A handler method that accepts a command.
pub(crate) async fn decide<H, C>(_: &H, _: C, _: &mut UnitOfWork) -> Result<(), Error>
where
    H: CommandHandler,
    C: Command<Reply = ()>,
{
    Ok(())
}

/// A handler method that accepts an event and does nothing.
pub(crate) async fn react<H, E>(_: &H, _: E, _: &mut UnitOfWork) -> Result<(), Error>
where
    H: EventHandler,
    E: Event,
{
    Ok(())
}

/// A process manager method that does nothing.
pub(crate) async fn advance<M, E>(_: &mut M, _: E, _: &mut UnitOfWork) -> Result<(), Error>
where
    M: Send,
    E: Event,
{
    Ok(())
}

/// A projector method that does nothing.
pub(crate) async fn project<H, P, E>(_: &H, _: E, _: &mut Rows<'_, P>) -> Result<(), Error>
where
    H: Sync,
    P: Projection,
    E: Event,
{
    Ok(())
}

/// Returns the wiring errors of `domain`; panics if it can be built.
#[track_caller]
pub(crate) fn wiring_errors_text(domain: DomainBuilder) -> String {
    match domain.build() {
        Ok(domain) => panic!("`{}` was built", domain.name()),
        Err(err) => err.to_string(),
    }
}

/// Returns the warnings of `domain`, one per line.
#[track_caller]
pub(crate) fn wiring_warnings_text(domain: DomainBuilder) -> String {
    let lines: Vec<String> = build(domain)
        .check()
        .into_iter()
        .map(|warning| warning.to_string())
        .collect();

    lines.join("\n")
}

//! Handlers that say they cause each other for ever.

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes, ProcessManager,
    ProcessManagerRoutes,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{
    Inventory, Order, OrderPlaced, PlaceOrder, ReserveStock, StockReserved, advance, decide, react,
    warnings,
};

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>)
            .raises::<OrderPlaced>();
    }
}

struct InventoryCommandHandler;

impl CommandHandler for InventoryCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, ReserveStock>)
            .raises::<StockReserved>();
    }
}

struct Reservation;

impl EventHandler for Reservation {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>)
            .issues::<ReserveStock>();
    }
}

struct Reorder;

impl EventHandler for Reorder {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, StockReserved>)
            .issues::<PlaceOrder>();
    }
}

struct Echo;

impl EventHandler for Echo {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>).raises::<OrderPlaced>();
        on.event(react::<Self, StockReserved>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Fulfilment;

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, OrderPlaced>)
            .issues::<ReserveStock>();
        on.event_by("product_id", advance::<Self, StockReserved>);
    }
}

#[test]
fn a_cycle_is_told_once_as_a_path_through_its_handlers() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(Reservation)
        .event_handler(Reorder);

    insta::assert_snapshot!(warnings(domain), @"a cycle, which ends only if one of its handlers stops: OrderPlaced -> Reservation -> ReserveStock -> InventoryCommandHandler -> StockReserved -> Reorder -> PlaceOrder -> OrderCommandHandler -> OrderPlaced");
}

#[test]
fn a_handler_that_causes_itself_is_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(Echo);

    insta::assert_snapshot!(warnings(domain), @"a cycle, which ends only if one of its handlers stops: OrderPlaced -> Echo -> OrderPlaced");
}

#[test]
fn a_process_manager_that_hears_of_its_own_command_is_no_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .process_manager::<Fulfilment>();

    insta::assert_snapshot!(warnings(domain), @"");
}

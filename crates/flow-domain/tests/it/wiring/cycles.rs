//! Handlers that declare an endless cycle.

use flow_domain::{
    Aggregate, CommandHandler, CommandRoutes, Domain, Event, EventHandler, EventRoutes,
    PendingEvents, ProcessManager, ProcessManagerRoutes,
};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Inventory, Order, OrderPlaced, PlaceOrder, ReserveStock, StockReserved, advance, decide, react,
    wiring_warnings_text,
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

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = parcel_id, events(ParcelPlaced))]
struct Parcel {
    parcel_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Parcel, id = parcel_id, name = "OrderPlaced")]
struct ParcelPlaced {
    parcel_id: String,
}

struct Packer;

impl EventHandler for Packer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>)
            .raises::<ParcelPlaced>();
        on.event(react::<Self, ParcelPlaced>);
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "letter", id = letter_id)]
enum Letter {
    A { letter_id: String },
    B { letter_id: String },
    C { letter_id: String },
    D { letter_id: String },
    E { letter_id: String },
    F { letter_id: String },
    G { letter_id: String },
    H { letter_id: String },
    I { letter_id: String },
    J { letter_id: String },
    K { letter_id: String },
    L { letter_id: String },
    M { letter_id: String },
    N { letter_id: String },
    O { letter_id: String },
    P { letter_id: String },
}

struct Post;

impl EventHandler for Post {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, Letter>).raises::<Letter>();
    }
}

#[test]
fn cycle_is_reported_once_as_a_path() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(Reservation)
        .event_handler(Reorder);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"the handlers form a cycle, which ends only if one of them sends no message: OrderPlaced -> Reservation -> ReserveStock -> InventoryCommandHandler -> StockReserved -> Reorder -> PlaceOrder -> OrderCommandHandler -> OrderPlaced. If this is known, say why: `.acknowledge(WarningSelector::cycle_through::<..>(), "..")`"#);
}

#[test]
fn handler_that_triggers_itself_is_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .event_handler(Echo);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"the handlers form a cycle, which ends only if one of them sends no message: OrderPlaced -> Echo -> OrderPlaced. If this is known, say why: `.acknowledge(WarningSelector::cycle_through::<..>(), "..")`"#);
}

#[test]
fn process_manager_of_its_own_command_is_not_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
        .process_manager::<Fulfilment>();

    insta::assert_snapshot!(wiring_warnings_text(domain), @"");
}

#[test]
fn two_messages_with_one_name_are_not_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Parcel>()
        .command_handler(OrderCommandHandler)
        .event_handler(Packer);

    insta::assert_snapshot!(wiring_warnings_text(domain), @"");
}

#[test]
fn cycle_report_has_the_shortest_cycle_of_each_start() {
    let domain = Domain::builder("post")
        .event_from_outside::<Letter>()
        .event_handler(Post);

    let text = wiring_warnings_text(domain);

    assert_eq!(text.lines().count(), 16, "{text}");
    let last = text.lines().last().expect("there are 16 lines");
    assert!(last.contains(": P -> Post -> P. If"), "{text}");
}

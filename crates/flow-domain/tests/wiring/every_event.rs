//! Handlers that take every event.

use flow_domain::{
    Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler, EventRoutes,
    UnitOfWork, message::Envelope, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{
    Inventory, Order, OrderCommandHandler, OrderPlaced, PlaceOrder, ReserveStock, decide, react,
    refusal, warnings,
};

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
struct PaymentReceived {
    payment_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct ArchiveOrder {
    order_id: String,
}

/// The body of a method that lets every event pass.
async fn hear<H: EventHandler>(_: &H, _: Envelope, _: &mut UnitOfWork) -> Result<(), Error> {
    Ok(())
}

struct InventoryCommandHandler;

impl CommandHandler for InventoryCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, ReserveStock>);
    }
}

struct AuditTrail;

impl EventHandler for AuditTrail {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(hear::<Self>);
    }
}

struct OrderAudit;

impl EventHandler for OrderAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.all(hear::<Self>);
    }
}

struct MixedAudit;

impl EventHandler for MixedAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(hear::<Self>);
        on.event(react::<Self, OrderPlaced>);
    }
}

struct MisspeltAudit;

impl EventHandler for MisspeltAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category("oder");
        on.all(hear::<Self>);
    }
}

struct BlindAudit;

impl EventHandler for BlindAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.all(hear::<Self>);
        on.event(react::<Self, OrderPlaced>);
    }
}

struct Restorer;

impl EventHandler for Restorer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.all(hear::<Self>).issues::<PlaceOrder>();
    }
}

struct Archiver;

impl EventHandler for Archiver {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(hear::<Self>).issues::<ArchiveOrder>();
    }
}

struct RaisingCommandHandler;

impl CommandHandler for RaisingCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>)
            .raises::<OrderPlaced>();
    }
}

fn shop() -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_from_outside::<PaymentReceived>()
        .command_handler(OrderCommandHandler)
        .command_handler(InventoryCommandHandler)
}

fn edges(domain: DomainBuilder) -> Vec<(String, &'static str)> {
    let subscriptions = domain.build().unwrap().wiring().subscriptions.into_iter();
    subscriptions
        .map(|edge| (edge.event, edge.category))
        .collect()
}

#[test]
fn what_only_a_handler_of_every_event_hears_is_handled() {
    let domain = shop().event_handler(AuditTrail);

    insta::assert_snapshot!(warnings(domain), @"");
}

#[test]
fn a_handler_of_every_event_of_a_category_does_not_hear_the_others() {
    let domain = shop().event_handler(OrderAudit);

    insta::assert_snapshot!(warnings(domain), @r"
    nobody handles the event `StockReserved` of `Inventory`
    nobody handles the event `PaymentReceived`, which comes from outside
    ");
}

#[test]
fn the_wiring_tells_every_event_that_is_taken() {
    let edges = edges(shop().event_handler(AuditTrail));

    let expected = [
        ("OrderPlaced".to_owned(), "order"),
        ("StockReserved".to_owned(), "inventory"),
        ("PaymentReceived".to_owned(), "payment"),
    ];
    assert_eq!(edges, expected);
}

#[test]
fn an_event_that_has_a_method_of_its_own_is_told_once() {
    let edges = edges(
        Domain::builder("shop")
            .aggregate::<Order>()
            .event_from_outside::<OrderPlaced>()
            .event_handler(MixedAudit),
    );

    assert_eq!(edges, [("OrderPlaced".to_owned(), "order")]);
}

#[test]
fn an_event_that_is_told_from_outside_too_is_taken_once() {
    let edges = edges(
        Domain::builder("shop")
            .aggregate::<Order>()
            .event_from_outside::<OrderPlaced>()
            .event_handler(AuditTrail),
    );

    assert_eq!(edges, [("OrderPlaced".to_owned(), "order")]);
}

#[test]
fn a_handler_of_every_event_reads_a_category_that_there_is() {
    let domain = shop().event_handler(MisspeltAudit);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `MisspeltAudit` reads the category `oder`, which no aggregate and no event from outside has
         did you mean `order`?
    ");
}

#[test]
fn a_named_event_is_looked_for_where_it_appears_even_beside_every_event() {
    let domain = shop().event_handler(BlindAudit);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `BlindAudit` handles `OrderPlaced`, but reads only `inventory`, where `OrderPlaced` never appears: it appears in `order`
         remove the category from `routes`, so that it is derived from the events, or name `order`
    ");
}

#[test]
fn a_method_for_every_event_that_issues_a_command_may_close_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(RaisingCommandHandler)
        .event_handler(Restorer);

    insta::assert_snapshot!(warnings(domain), @"a cycle, which ends only if one of its handlers stops: OrderPlaced -> Restorer -> PlaceOrder -> RaisingCommandHandler -> OrderPlaced");
}

#[test]
fn a_command_that_a_method_for_every_event_issues_has_a_handler() {
    let domain = shop().event_handler(Archiver);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `Archiver` issues the command `ArchiveOrder`, which nobody handles
         add a `.command_handler(..)` whose routes name it
    ");
}

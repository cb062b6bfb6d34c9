//! Handlers of every event.

use flow_domain::{
    Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler, EventRoutes,
    UnitOfWork, message::Envelope, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Inventory, Order, OrderCommandHandler, OrderPlaced, PlaceOrder, ReserveStock, decide, react,
    wiring_errors_text, wiring_warnings_text,
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

/// A handler method that accepts every event and does nothing.
async fn handle_any<H: EventHandler>(_: &H, _: Envelope, _: &mut UnitOfWork) -> Result<(), Error> {
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
        on.all(handle_any::<Self>);
    }
}

struct OrderAudit;

impl EventHandler for OrderAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.all(handle_any::<Self>);
    }
}

struct MixedAudit;

impl EventHandler for MixedAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(handle_any::<Self>);
        on.event(react::<Self, OrderPlaced>);
    }
}

struct MisspeltAudit;

impl EventHandler for MisspeltAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category("oder");
        on.all(handle_any::<Self>);
    }
}

struct BlindAudit;

impl EventHandler for BlindAudit {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.all(handle_any::<Self>);
        on.event(react::<Self, OrderPlaced>);
    }
}

struct Restorer;

impl EventHandler for Restorer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.all(handle_any::<Self>).issues::<PlaceOrder>();
    }
}

struct Archiver;

impl EventHandler for Archiver {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(handle_any::<Self>).issues::<ArchiveOrder>();
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
    domain
        .build()
        .unwrap()
        .wiring()
        .subscriptions
        .into_iter()
        .map(|edge| (edge.event, edge.category))
        .collect()
}

#[test]
fn every_event_handler_counts_as_a_handler() {
    let domain = shop().event_handler(AuditTrail);

    insta::assert_snapshot!(wiring_warnings_text(domain), @"");
}

#[test]
fn every_event_of_a_category_excludes_other_categories() {
    let domain = shop().event_handler(OrderAudit);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"
    no handler is subscribed to the event `StockReserved` of `Inventory`. If this is known, say why: `.acknowledge(WarningSelector::unhandled_event::<..>(), "..")`
    no handler is subscribed to the event `PaymentReceived`, which comes from outside. If this is known, say why: `.acknowledge(WarningSelector::unhandled_event::<..>(), "..")`
    "#);
}

#[test]
fn every_event_is_listed_in_the_wiring() {
    let edges = edges(shop().event_handler(AuditTrail));

    let expected = [
        ("OrderPlaced".to_owned(), "order"),
        ("StockReserved".to_owned(), "inventory"),
        ("PaymentReceived".to_owned(), "payment"),
    ];
    assert_eq!(edges, expected);
}

#[test]
fn every_event_lists_a_named_event_once() {
    let edges = edges(
        Domain::builder("shop")
            .aggregate::<Order>()
            .event_from_outside::<OrderPlaced>()
            .event_handler(MixedAudit),
    );

    assert_eq!(edges, [("OrderPlaced".to_owned(), "order")]);
}

#[test]
fn every_event_lists_an_outside_event_once() {
    let edges = edges(
        Domain::builder("shop")
            .aggregate::<Order>()
            .event_from_outside::<OrderPlaced>()
            .event_handler(AuditTrail),
    );

    assert_eq!(edges, [("OrderPlaced".to_owned(), "order")]);
}

#[test]
fn every_event_needs_an_existing_category() {
    let domain = shop().event_handler(MisspeltAudit);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `MisspeltAudit` reads the category `oder`, but no aggregate and no event from outside has this category
         did you mean `order`?
    ");
}

#[test]
fn every_event_does_not_change_the_category_of_a_named_event() {
    let domain = shop().event_handler(BlindAudit);

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `BlindAudit` handles `OrderPlaced` of the category `order`, but reads only `inventory`
         add `on.category("order")` to `routes`, or name no category there: the handler then reads the categories of its events
    "#);
}

#[test]
fn every_event_method_can_close_a_cycle() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(RaisingCommandHandler)
        .event_handler(Restorer);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"the handlers form a cycle, which ends only if one of them sends no message: OrderPlaced -> Restorer -> PlaceOrder -> RaisingCommandHandler -> OrderPlaced. If this is known, say why: `.acknowledge(WarningSelector::cycle_through::<..>(), "..")`"#);
}

#[test]
fn every_event_method_needs_a_handler_for_its_command() {
    let domain = shop().event_handler(Archiver);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Archiver` issues the command `ArchiveOrder`, but there is no handler for `ArchiveOrder`
         add a `.command_handler(..)` with a route for `ArchiveOrder`
    ");
}

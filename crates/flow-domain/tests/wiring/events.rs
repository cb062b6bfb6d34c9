//! Events that nothing raises, and handlers that look for them in the wrong place.

use flow_domain::{Domain, Event, EventHandler, EventRoutes};
use serde::{Deserialize, Serialize};

use crate::fixture::{Inventory, Order, OrderPlaced, react, wiring_errors_text};

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id, version = 2)]
struct OrderCancelled {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
enum OrderMoved {
    Shipped { order_id: String },
    Returned { order_id: String },
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
struct PaymentReceived {
    payment_id: String,
}

struct CancellationMailer;

impl EventHandler for CancellationMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderCancelled>);
    }
}

struct Courier;

impl EventHandler for Courier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderMoved>);
    }
}

struct Cashier;

impl EventHandler for Cashier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, PaymentReceived>);
    }
}

struct HastyMailer;

impl EventHandler for HastyMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.event(react::<Self, OrderPlaced>);
    }
}

struct CancellingHandler;

impl EventHandler for CancellingHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>)
            .raises::<(OrderPlaced, OrderCancelled)>();
    }
}

struct IdleMailer;

impl EventHandler for IdleMailer {
    fn routes(_on: &mut EventRoutes<Self>) {}
}

struct InventoryEventHandler;

impl EventHandler for InventoryEventHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.event(react::<Self, OrderPlaced>);
    }
}

struct ClumsyMailer;

impl EventHandler for ClumsyMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category("oder");
        on.event(react::<Self, OrderPlaced>);
    }
}

struct LostMailer;

impl EventHandler for LostMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.category("invoice");
        on.event(react::<Self, OrderPlaced>);
    }
}

struct StrictMailer;

impl EventHandler for StrictMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.event(react::<Self, OrderPlaced>);
    }
}

#[test]
fn an_event_is_listed_by_its_aggregate() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(CancellationMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `CancellationMailer` handles the event `OrderCancelled`, which is not registered
         list it with its aggregate: `#[aggregate(.., events(OrderCancelled))]` of `Order`
    ");
}

#[test]
fn an_event_needs_its_aggregate_or_comes_from_outside() {
    let domain = Domain::builder("shop").event_handler(Cashier);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the aggregate of the category `payment` is not registered
         add `.aggregate::<..>()`, or `.event_from_outside::<PaymentReceived>()` if it happens elsewhere; used by `Cashier` (`PaymentReceived`)
    ");
}

#[test]
fn unlisted_event_enum_is_one_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Courier);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `Courier` handles the event `OrderMoved`, which is not registered
         list it with its aggregate: `#[aggregate(.., events(OrderMoved))]` of `Order`
    ");
}

#[test]
fn an_event_has_one_method_in_a_handler() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(HastyMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `HastyMailer` names two methods for `OrderPlaced`
         name one of them, and call the other from it
    ");
}

#[test]
fn raised_event_is_listed_by_an_aggregate() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(CancellingHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `CancellingHandler` says that it raises `OrderCancelled.v2`, which no aggregate of the domain lists
         add its aggregate with `.aggregate::<..>()`, and list its type there: `#[aggregate(.., events(..))]`
    ");
}

#[test]
fn an_event_from_outside_may_be_raised_inside() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_from_outside::<OrderCancelled>()
        .event_handler(CancellingHandler)
        .build();

    assert!(domain.is_ok());
}

#[test]
fn an_event_handler_has_routes() {
    let domain = Domain::builder("shop").event_handler(IdleMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the event handler `IdleMailer` has no routes, so it is never called
         name its methods in `routes`: `on.event(Self::the_method)`
    ");
}

#[test]
fn category_without_the_event_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_handler(InventoryEventHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `InventoryEventHandler` handles `OrderPlaced`, but reads only `inventory`, where `OrderPlaced` never appears: it appears in `order`
         remove the category from `routes`, so that it is derived from the events, or name `order`
    ");
}

#[test]
fn misspelt_category_is_reported_with_a_suggestion() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(ClumsyMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `ClumsyMailer` reads the category `oder`, which no aggregate and no event from outside has
         did you mean `order`?
    ");
}

#[test]
fn unknown_category_is_reported_without_a_suggestion() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(LostMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `LostMailer` reads the category `invoice`, which no aggregate and no event from outside has
         register the aggregate that has it, or remove the category
    ");
}

#[test]
fn a_handler_may_name_the_category_of_its_events() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(StrictMailer)
        .build();

    assert!(domain.is_ok());
}

//! Events that no aggregate lists, and handlers that read the wrong category.

use flow_domain::{Domain, Event, EventHandler, EventRoutes};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{Inventory, Order, OrderPlaced, react, wiring_errors_text};

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

struct OrderCategoryMailer;

impl EventHandler for OrderCategoryMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Order>();
        on.event(react::<Self, OrderPlaced>);
    }
}

#[test]
fn unlisted_event_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(CancellationMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `CancellationMailer` handles the event `OrderCancelled`, which is not registered
         list it in `#[aggregate(.., events(OrderCancelled))]` of `Order`
    ");
}

#[test]
fn event_without_its_aggregate_is_a_mistake() {
    let domain = Domain::builder("shop").event_handler(Cashier);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. the aggregate of the category `payment` is not registered
         add `.aggregate::<..>()`, or `.event_from_outside::<PaymentReceived>()` if the event happens outside this domain; used by `Cashier` (`PaymentReceived`)
    ");
}

#[test]
fn unlisted_event_enum_is_one_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Courier);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Courier` handles the event `OrderMoved`, which is not registered
         list it in `#[aggregate(.., events(OrderMoved))]` of `Order`
    ");
}

#[test]
fn event_with_two_methods_is_a_mistake() {
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
fn unlisted_raised_event_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(CancellingHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `CancellingHandler` declares that it raises `OrderCancelled.v2`, but no aggregate of the domain lists `OrderCancelled.v2`
         add the aggregate of the event with `.aggregate::<..>()`, and list the event in its `#[aggregate(.., events(..))]`
    ");
}

#[test]
fn event_from_outside_may_be_raised_inside() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_from_outside::<OrderCancelled>()
        .event_handler(CancellingHandler)
        .build();

    assert!(domain.is_ok());
}

#[test]
fn event_handler_without_routes_is_a_mistake() {
    let domain = Domain::builder("shop").event_handler(IdleMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the event handler `IdleMailer` has no routes, so it is never called
         name its methods in `routes`: `on.event(Self::the_method)`
    ");
}

#[test]
fn category_that_excludes_the_event_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_handler(InventoryEventHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `InventoryEventHandler` handles `OrderPlaced` of the category `order`, but reads only `inventory`
         add `on.category("order")` to `routes`, or name no category there: the handler then reads the categories of its events
    "#);
}

#[test]
fn misspelt_category_is_reported_with_a_suggestion() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(ClumsyMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `ClumsyMailer` reads the category `oder`, but no aggregate and no event from outside has this category
         did you mean `order`?
    ");
}

#[test]
fn unknown_category_is_reported_without_a_suggestion() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(LostMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `LostMailer` reads the category `invoice`, but no aggregate and no event from outside has this category
         register the aggregate that has it, or remove the category
    ");
}

#[test]
fn event_handler_may_name_the_category_of_its_events() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(OrderCategoryMailer)
        .build();

    assert!(domain.is_ok());
}

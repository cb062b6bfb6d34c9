//! Commands without a handler, with two, or of an aggregate that does not list them.

use flow_domain::{Command, CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Inventory, Order, OrderCommandHandler, OrderPlaced, PlaceOrder, ReserveStock, decide, react,
    wiring_errors_text,
};

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct CancelOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
enum Payment {
    Pay { order_id: String },
    Refund { order_id: String },
}

struct CancellationHandler;

impl CommandHandler for CancellationHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, CancelOrder>);
    }
}

struct PaymentHandler;

impl CommandHandler for PaymentHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, Payment>);
    }
}

struct CheckoutHandler;

impl CommandHandler for CheckoutHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
    }
}

struct HastyHandler;

impl CommandHandler for HastyHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
        on.command(decide::<Self, PlaceOrder>);
    }
}

struct IdleHandler;

impl CommandHandler for IdleHandler {
    fn routes(_on: &mut CommandRoutes<Self>) {}
}

struct ReservingHandler;

impl EventHandler for ReservingHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>)
            .issues::<ReserveStock>();
    }
}

struct OrderingHandler;

impl CommandHandler for OrderingHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>)
            .issues::<(ReserveStock, PlaceOrder)>();
    }
}

#[test]
fn command_with_two_handlers_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler)
        .command_handler(CheckoutHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. two handlers for the command `PlaceOrder`: `OrderCommandHandler` and `CheckoutHandler`
         a command has one handler: remove `PlaceOrder` from the routes of one of them
    ");
}

#[test]
fn command_with_two_methods_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(HastyHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `HastyHandler` names two methods for `PlaceOrder`
         name one of them, and call the other from it
    ");
}

#[test]
fn unlisted_command_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(CancellationHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `CancellationHandler` handles the command `CancelOrder`, which is not registered
         list it in `#[aggregate(.., commands(CancelOrder))]` of `Order`
    ");
}

#[test]
fn command_without_its_aggregate_is_a_mistake() {
    let domain = Domain::builder("shop").command_handler(CancellationHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the aggregate of the category `order` is not registered
         add `.aggregate::<..>()`; used by `CancellationHandler` (`CancelOrder`)
    ");
}

#[test]
fn unlisted_command_enum_is_one_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(PaymentHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `PaymentHandler` handles the command `Payment`, which is not registered
         list it in `#[aggregate(.., commands(Payment))]` of `Order`
    ");
}

#[test]
fn event_handler_issuing_an_unhandled_command_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .event_handler(ReservingHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `ReservingHandler` issues the command `ReserveStock`, but there is no handler for `ReserveStock`
         add a `.command_handler(..)` with a route for `ReserveStock`
    ");
}

#[test]
fn command_handler_issuing_an_unhandled_command_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderingHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `OrderingHandler` issues the command `ReserveStock`, but there is no handler for `ReserveStock`
         add a `.command_handler(..)` with a route for `ReserveStock`
    ");
}

#[test]
fn command_handler_without_routes_is_a_mistake() {
    let domain = Domain::builder("shop").command_handler(IdleHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the command handler `IdleHandler` has no routes, so it is never called
         name its methods in `routes`: `on.command(Self::the_method)`
    ");
}

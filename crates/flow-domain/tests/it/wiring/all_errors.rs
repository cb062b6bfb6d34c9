//! One error lists all wiring mistakes.

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, Error, EventHandler, EventRoutes, ProcessManager,
    ProcessManagerRoutes, Projector, ProjectorRoutes,
    wiring::{DomainBuilder, WiringMistake},
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Inventory, Order, OrderCommandHandler, OrderDashboard, OrderPlaced, PlaceOrder, advance,
    decide, project, react, wiring_errors_text,
};

struct CheckoutHandler;

impl CommandHandler for CheckoutHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
    }
}

struct InventoryEventHandler;

impl EventHandler for InventoryEventHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Inventory>();
        on.event(react::<Self, OrderPlaced>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Fulfilment;

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.event(advance::<Self, OrderPlaced>);
    }
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(project::<Self, OrderDashboard, OrderPlaced>);
    }
}

fn five_mistakes() -> DomainBuilder {
    Domain::builder("web shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .command_handler(OrderCommandHandler)
        .command_handler(CheckoutHandler)
        .event_handler(InventoryEventHandler)
        .process_manager::<Fulfilment>()
        .projector(OrderDashboardProjector)
}

#[test]
fn wiring_errors_are_reported_in_registration_order() {
    insta::assert_snapshot!(wiring_errors_text(five_mistakes()), @r#"
    the domain `web shop` has 5 wiring mistakes

      1. `web shop` is not a valid name for a domain
         write a name of letters, digits, `-` and `_` that begins with a letter

      2. two handlers for the command `PlaceOrder`: `OrderCommandHandler` and `CheckoutHandler`
         a command has one handler: remove `PlaceOrder` from the routes of one of them

      3. `InventoryEventHandler` handles `OrderPlaced` of the category `order`, but reads only `inventory`
         add `on.category("order")` to `routes`, or name no category there: the handler then reads the categories of its events

      4. the process manager `Fulfilment` is never started, so it skips every event
         name the event that starts it: `on.start(Self::the_method)`

      5. `OrderDashboardProjector` writes the projection `OrderDashboard`, which is not registered
         add `.projection::<OrderDashboard>()` to the domain
    "#);
}

#[test]
fn wiring_errors_are_values() {
    let errors = five_mistakes().build().unwrap_err();

    assert_eq!(errors.domain, "web shop");
    assert_eq!(errors.mistakes.len(), 5);
    assert_eq!(
        errors.mistakes[3],
        WiringMistake::NoStart {
            process_manager: "Fulfilment"
        }
    );
}

#[test]
fn wiring_errors_are_a_setup_error() {
    let errors = five_mistakes().build().unwrap_err();

    let err = Error::from(errors.clone());

    assert!(err.is_setup());
    assert_eq!(err.to_string(), errors.to_string());
}

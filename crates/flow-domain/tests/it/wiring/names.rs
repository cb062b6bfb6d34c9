//! Invalid names and categories, and duplicate names.

use std::borrow::Cow;

use flow_domain::{
    Aggregate, CommandHandler, CommandRoutes, Domain, Event, EventHandler, EventRoutes, Message,
    PendingEvents, Projection,
    message::{MessageName, MessageSchema},
};
use serde::{Deserialize, Serialize};

use crate::{
    fixture::build,
    wiring::fixture::{
        Order, OrderCommandHandler, OrderDashboard, OrderPlaced, PlaceOrder, decide, react,
        wiring_errors_text,
    },
};

#[derive(Debug, Serialize, Deserialize)]
struct CarSold;

impl Event for CarSold {}

impl Message for CarSold {
    const NAME: &'static str = "CarSold";
    const CATEGORY: &'static str = "used-car";
    const SCHEMAS: &'static [MessageSchema] = &[MessageSchema::new(
        Self::CATEGORY,
        MessageName::new("CarSold", 1),
        None,
        &[],
    )];

    fn message_name(&self) -> MessageName {
        Self::SCHEMAS[0].name
    }

    fn aggregate_id(&self) -> Cow<'_, str> {
        "car-1".into()
    }

    fn field_key(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Rained;

impl Event for Rained {}

impl Message for Rained {
    const NAME: &'static str = "Rained";
    const CATEGORY: &'static str = "";
    const SCHEMAS: &'static [MessageSchema] = &[MessageSchema::new(
        Self::CATEGORY,
        MessageName::new("Rained", 1),
        None,
        &[],
    )];

    fn message_name(&self) -> MessageName {
        Self::SCHEMAS[0].name
    }

    fn aggregate_id(&self) -> Cow<'_, str> {
        "here".into()
    }

    fn field_key(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, name = "Order", category = "purchase")]
struct Purchase {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id, name = "OrderDashboard")]
struct PurchaseDashboard {
    id: String,
}

struct Shop;

impl CommandHandler for Shop {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
    }
}

impl EventHandler for Shop {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }
}

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }
}

struct OtherMailer;

impl EventHandler for OtherMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }

    fn name() -> &'static str {
        "Mailer"
    }
}

#[test]
fn domain_name_with_a_space_is_a_mistake() {
    insta::assert_snapshot!(wiring_errors_text(Domain::builder("my shop")), @"
    the domain `my shop` has 1 wiring mistake

      1. `my shop` is not a valid name for a domain
         write a name of letters, digits, `-` and `_` that begins with a letter
    ");
}

#[test]
fn empty_domain_name_is_a_mistake() {
    insta::assert_snapshot!(wiring_errors_text(Domain::builder("")), @"
    the domain `` has 1 wiring mistake

      1. `` is not a valid name for a domain
         write a name of letters, digits, `-` and `_` that begins with a letter
    ");
}

#[test]
fn category_with_a_dash_is_a_mistake() {
    let domain = Domain::builder("shop").event_from_outside::<CarSold>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `CarSold` has the category `used-car`: a category must not be empty and must not contain `-`
         write for example `category = "used_car"`
    "#);
}

#[test]
fn empty_category_is_a_mistake() {
    let domain = Domain::builder("shop").event_from_outside::<Rained>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Rained` has the category ``: a category must not be empty and must not contain `-`
         write for example `category = "order"`
    "#);
}

#[test]
fn aggregate_registered_twice_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Order>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the aggregate `Order` is registered twice
         remove one of the two lines
    ");
}

#[test]
fn projection_registered_twice_is_a_mistake() {
    let domain = Domain::builder("shop")
        .projection::<OrderDashboard>()
        .projection::<OrderDashboard>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the projection `OrderDashboard` is registered twice
         remove one of the two lines
    ");
}

#[test]
fn command_handler_registered_twice_is_one_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler)
        .command_handler(OrderCommandHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the command handler `OrderCommandHandler` is registered twice
         remove one of the two lines
    ");
}

#[test]
fn event_handler_registered_twice_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Mailer)
        .event_handler(Mailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the event handler `Mailer` is registered twice
         remove one of the two lines
    ");
}

#[test]
fn two_aggregates_with_one_name_are_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Purchase>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. two aggregates are called `Order`
         give one of them another name: `#[aggregate(.., name = "..")]`
    "#);
}

#[test]
fn two_projections_with_one_name_are_a_mistake() {
    let domain = Domain::builder("shop")
        .projection::<OrderDashboard>()
        .projection::<PurchaseDashboard>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. two projections are called `OrderDashboard`
         give one of them another name: `#[projection(.., name = "..")]`
    "#);
}

#[test]
fn two_event_handlers_with_one_name_are_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Mailer)
        .event_handler(OtherMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. two event handlers are called `Mailer`
         give one of them another name: `fn name() -> &'static str`
    ");
}

#[test]
fn two_kinds_of_handler_with_one_name_are_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(Shop)
        .event_handler(Shop);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the command handler and the event handler are both called `Shop`
         give one of them another name: `fn name() -> &'static str`
    ");
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, events(OrderPlacedAgain))]
struct Reorder {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Has the name of the event of [`Order`].
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Reorder, id = id, name = "OrderPlaced")]
struct OrderPlacedAgain {
    id: String,
}

#[test]
fn shared_name_of_a_message_is_qualified() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Reorder>()
        .event_handler(Mailer);

    let wiring = build(domain).wiring();

    let names: Vec<&String> = wiring
        .aggregates
        .iter()
        .flat_map(|aggregate| aggregate.commands.iter().chain(&aggregate.events))
        .chain(wiring.subscriptions.iter().map(|route| &route.event))
        .collect();
    assert_eq!(
        names,
        [
            "PlaceOrder",
            "Order.OrderPlaced",
            "Reorder.OrderPlaced",
            "Order.OrderPlaced"
        ]
    );
}

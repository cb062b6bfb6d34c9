//! Names and categories that cannot be, and things that have the same name.

use std::borrow::Cow;

use flow_domain::{
    Aggregate, CommandHandler, CommandRoutes, Domain, Event, EventHandler, EventRoutes, Message,
    PendingEvents, Projection,
    message::{MessageName, MessageSchema},
};
use serde::{Deserialize, Serialize};

use crate::fixture::{
    Order, OrderCommandHandler, OrderDashboard, OrderPlaced, PlaceOrder, decide, react,
    wiring_errors_text,
};

#[derive(Debug, Serialize, Deserialize)]
struct CarSold;

impl Event for CarSold {}

impl Message for CarSold {
    const NAME: &'static str = "CarSold";
    const CATEGORY: &'static str = "used-car";
    const SCHEMAS: &'static [MessageSchema] =
        &[MessageSchema::new(MessageName::new("CarSold", 1), &[])];

    fn message_name(&self) -> MessageName {
        Self::SCHEMAS[0].name
    }

    fn aggregate_id(&self) -> Cow<'_, str> {
        "car-1".into()
    }

    fn field_text(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Rained;

impl Event for Rained {}

impl Message for Rained {
    const NAME: &'static str = "Rained";
    const CATEGORY: &'static str = "";
    const SCHEMAS: &'static [MessageSchema] =
        &[MessageSchema::new(MessageName::new("Rained", 1), &[])];

    fn message_name(&self) -> MessageName {
        Self::SCHEMAS[0].name
    }

    fn aggregate_id(&self) -> Cow<'_, str> {
        "here".into()
    }

    fn field_text(&self, _name: &str) -> Option<Cow<'_, str>> {
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
fn domain_name_fits_into_a_message_type() {
    insta::assert_snapshot!(wiring_errors_text(Domain::builder("my shop")), @r"
    the domain `my shop` has 1 wiring mistake

      1. `my shop` cannot name a domain
         write a name of letters, digits, `-` and `_` that begins with a letter
    ");
}

#[test]
fn domain_name_begins_with_a_letter() {
    insta::assert_snapshot!(wiring_errors_text(Domain::builder("")), @r"
    the domain `` has 1 wiring mistake

      1. `` cannot name a domain
         write a name of letters, digits, `-` and `_` that begins with a letter
    ");
}

#[test]
fn a_category_has_no_dash() {
    let domain = Domain::builder("shop").event_from_outside::<CarSold>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `CarSold` has the category `used-car`, which must not be empty or contain `-`
         write for example `category = "used_car"`
    "#);
}

#[test]
fn a_category_is_not_empty() {
    let domain = Domain::builder("shop").event_from_outside::<Rained>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Rained` has the category ``, which must not be empty or contain `-`
         write for example `category = "order"`
    "#);
}

#[test]
fn an_aggregate_is_registered_once() {
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
fn a_projection_is_registered_once() {
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
fn an_event_handler_is_registered_once() {
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
fn aggregate_names_are_unique() {
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
fn projection_names_are_unique() {
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
fn event_handler_names_are_unique() {
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
fn handler_names_are_unique_across_kinds() {
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

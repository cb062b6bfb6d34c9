//! Process managers that would never start, or have no key for an event.

use flow_domain::{Aggregate, Domain, Event, PendingEvents, ProcessManager, ProcessManagerRoutes};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Inventory, Order, OrderPlaced, StockReserved, advance, wiring_errors_text,
};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = job_id, events(Job))]
struct RepairJob {
    job_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = RepairJob, id = job_id)]
enum Job {
    Opened { job_id: String, bay_id: String },
    Closed { job_id: String },
    Dropped { job_id: String },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct JobTracker;

impl ProcessManager for JobTracker {
    const KEY: &'static str = "jobb";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Job>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct BayTracker;

impl ProcessManager for BayTracker {
    const KEY: &'static str = "bay_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Job>);
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

#[derive(Debug, Default, Serialize, Deserialize)]
struct Idle;

impl ProcessManager for Idle {
    const KEY: &'static str = "order_id";

    fn routes(_on: &mut ProcessManagerRoutes<Self>) {}
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Misspelt;

impl ProcessManager for Misspelt {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, OrderPlaced>);
        on.event_by("produkt_id", advance::<Self, StockReserved>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct StartsMisspelt;

impl ProcessManager for StartsMisspelt {
    const KEY: &'static str = "product_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start_by("oder_id", advance::<Self, OrderPlaced>);
        on.event(advance::<Self, StockReserved>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct WrongKey;

impl ProcessManager for WrongKey {
    const KEY: &'static str = "oder_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, OrderPlaced>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Keyless;

impl ProcessManager for Keyless {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, OrderPlaced>);
        on.event(advance::<Self, StockReserved>);
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "visit", id = visit_id)]
enum Visit {
    Begun {
        visit_id: String,
        customer_id: Option<String>,
        rating: Option<f64>,
    },
    Ended {
        visit_id: String,
        customer_id: Option<String>,
        rating: Option<f64>,
    },
    Paid {
        visit_id: String,
        customer_id: String,
        rating: u8,
    },
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "parcel", id = parcel_id)]
struct ParcelWeighed {
    parcel_id: String,
    weight: f64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct OptionalKey;

impl ProcessManager for OptionalKey {
    const KEY: &'static str = "customer_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Visit>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct MisspeltOptionalKey;

impl ProcessManager for MisspeltOptionalKey {
    const KEY: &'static str = "custommer_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Visit>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Rating;

impl ProcessManager for Rating {
    const KEY: &'static str = "rating";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Visit>);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Scales;

impl ProcessManager for Scales {
    const KEY: &'static str = "wieght";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, ParcelWeighed>);
    }
}

#[test]
fn key_can_be_an_optional_id() {
    let domain = Domain::builder("salon")
        .event_from_outside::<Visit>()
        .process_manager::<OptionalKey>();

    assert!(domain.build().is_ok());
}

#[test]
fn key_suggestion_can_be_an_optional_id() {
    let domain = Domain::builder("salon")
        .event_from_outside::<Visit>()
        .process_manager::<MisspeltOptionalKey>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `salon` has 1 wiring mistake

      1. `MisspeltOptionalKey` finds its instance by the field `custommer_id`, but `Begun`, `Ended`, `Paid` do not have this field
         did you mean `customer_id`? write `const KEY: &'static str = "customer_id"`
    "#);
}

#[test]
fn key_that_is_not_an_id_is_a_mistake() {
    let domain = Domain::builder("salon")
        .event_from_outside::<Visit>()
        .process_manager::<Rating>();

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `salon` has 1 wiring mistake

      1. `Rating` finds its instance by the field `rating`, but in `Begun`, `Ended` its type is not an id
         name a field whose type is an id or an option of one, for example a `String`, or write `#[derive(flow_domain::Id)]` on the type
    ");
}

#[test]
fn key_suggestion_is_an_id() {
    let domain = Domain::builder("post")
        .event_from_outside::<ParcelWeighed>()
        .process_manager::<Scales>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `post` has 1 wiring mistake

      1. `Scales` finds its instance by the field `wieght`, but `ParcelWeighed` does not have this field
         did you mean `parcel_id`? write `const KEY: &'static str = "parcel_id"`
    "#);
}

#[test]
fn process_manager_without_a_start_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .process_manager::<Fulfilment>();

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. the process manager `Fulfilment` is never started, so it skips every event
         name the event that starts it: `on.start(Self::the_method)`
    ");
}

#[test]
fn process_manager_without_routes_is_a_mistake() {
    let domain = Domain::builder("shop").process_manager::<Idle>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the process manager `Idle` has no routes, so it is never called
         name its methods in `routes`: `on.start(Self::the_method)`
    ");
}

#[test]
fn misspelt_key_is_reported_with_a_suggestion() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .process_manager::<Misspelt>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Misspelt` finds its instance by the field `produkt_id`, but `StockReserved` does not have this field
         did you mean `product_id`? write `on.event_by("product_id", Self::the_method)`
    "#);
}

#[test]
fn misspelt_start_key_still_counts_as_a_start() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .process_manager::<StartsMisspelt>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `StartsMisspelt` finds its instance by the field `oder_id`, but `OrderPlaced` does not have this field
         did you mean `order_id`? write `on.start_by("order_id", Self::the_method)`
    "#);
}

#[test]
fn event_without_the_key_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .process_manager::<Keyless>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Keyless` finds its instance by the field `order_id`, but `StockReserved` does not have this field
         add the field, or name one that holds the key: `on.event_by("..", Self::the_method)`
    "#);
}

#[test]
fn key_that_no_event_has_is_reported_once() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .process_manager::<WrongKey>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `WrongKey` finds its instance by the field `oder_id`, but `OrderPlaced` does not have this field
         did you mean `order_id`? write `const KEY: &'static str = "order_id"`
    "#);
}

#[test]
fn unknown_key_suggests_the_common_id_field() {
    let domain = Domain::builder("garage")
        .aggregate::<RepairJob>()
        .process_manager::<JobTracker>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `garage` has 1 wiring mistake

      1. `JobTracker` finds its instance by the field `jobb`, but `Opened`, `Closed`, `Dropped` do not have this field
         did you mean `job_id`? write `const KEY: &'static str = "job_id"`
    "#);
}

#[test]
fn enum_with_the_key_in_some_variants_is_one_mistake() {
    let domain = Domain::builder("garage")
        .aggregate::<RepairJob>()
        .process_manager::<BayTracker>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `garage` has 1 wiring mistake

      1. `BayTracker` finds its instance by the field `bay_id`, but `Closed`, `Dropped` do not have this field
         handle a smaller enum than `Job`, of the variants that have the field, or name a field of all variants: `on.start_by("..", Self::the_method)`
    "#);
}

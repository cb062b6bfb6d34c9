//! Process managers that would never start, or not know which one an event belongs to.

use flow_domain::{Domain, ProcessManager, ProcessManagerRoutes};
use serde::{Deserialize, Serialize};

use crate::fixture::{Inventory, Order, OrderPlaced, StockReserved, advance, refusal};

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

#[test]
fn a_process_manager_has_a_start() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .process_manager::<Fulfilment>();

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the process manager `Fulfilment` is never started, so it lets every event go
         name the event that starts it: `on.start(Self::the_method)`
    ");
}

#[test]
fn a_process_manager_has_routes() {
    let domain = Domain::builder("shop").process_manager::<Idle>();

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the process manager `Idle` has no routes, so it is never called
         name its methods in `routes`: `on.start(Self::the_method)`
    ");
}

#[test]
fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .process_manager::<Misspelt>();

    insta::assert_snapshot!(refusal(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Misspelt` is found by `produkt_id`, which `StockReserved` does not carry
         did you mean `product_id`? write `on.event_by("product_id", Self::the_method)`
    "#);
}

#[test]
fn a_misspelt_key_of_a_start_remains_a_start() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .process_manager::<StartsMisspelt>();

    insta::assert_snapshot!(refusal(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `StartsMisspelt` is found by `oder_id`, which `OrderPlaced` does not carry
         did you mean `order_id`? write `on.start_by("order_id", Self::the_method)`
    "#);
}

#[test]
fn an_event_carries_the_key() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .process_manager::<Keyless>();

    insta::assert_snapshot!(refusal(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Keyless` is found by `order_id`, which `StockReserved` does not carry
         add the field to `StockReserved`, or name one that holds the key: `on.event_by("..", Self::the_method)`
    "#);
}

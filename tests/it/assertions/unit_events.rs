//! Level 1: assertions of events, and what they report on a mismatch.

use ::shop::{Inventory, Order, OrderPlaced, StockReceived, StockRefused, StockReserved};
use flow_harness::{expect, unit::unit};

use crate::{
    assertions::unit::{reserve_two, stocked_inventory},
    fixture::{draft, masked_panic_text, stock_received, stock_refused, stock_reserved},
};

#[test]
fn unit_then_events_are_exactly_these() {
    let text = masked_panic_text(|| {
        unit::<Inventory>()
            .given_events(stock_received(5))
            .when(|inventory| inventory.reserve("ord-1", 2))
            .then_events((stock_reserved(), stock_refused(3)))
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then events StockReserved, StockRefused      tests/it/assertions/unit_events.rs:LINE

      expected  StockReserved, StockRefused
      found     StockReserved
                as expected  StockReserved
                missing      StockRefused { product_id: "prod-1", order_id: "ord-1", wanted: 2, available: 3 }
    "#);
}

#[test]
fn then_no_events_is_none() {
    let text = masked_panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_no_events()
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Order failed: then no events      tests/it/assertions/unit_events.rs:LINE

      expected  nothing
      found     OrderPlaced
                unexpected   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn then_events_excludes_events_before_the_act() {
    let mut inventory = Inventory::empty("prod-1");
    inventory.receive(5);

    unit::<Inventory>()
        .given_aggregate(inventory)
        .when(|inventory| inventory.reserve("ord-1", 2))
        .then_events(stock_reserved());
}

#[test]
fn then_event_is_one_of_those_that_the_method_raised() {
    stocked_inventory()
        .when(reserve_two)
        .then_event(stock_reserved());

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then_event(stock_refused(3))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then event StockRefused      tests/it/assertions/unit_events.rs:LINE

      expected  StockRefused { product_id: "prod-1", order_id: "ord-1", wanted: 2, available: 3 }
      found     only StockReserved
    "#);

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then_event(stock_received(5))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then event StockReceived      tests/it/assertions/unit_events.rs:LINE

      expected  StockReceived { product_id: "prod-1", quantity: 5 }
      found     only StockReserved
    "#);

    let other = StockReserved {
        quantity: 3,
        ..stock_reserved()
    };
    let text = masked_panic_text(|| stocked_inventory().when(reserve_two).then_event(other));
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then event StockReserved      tests/it/assertions/unit_events.rs:LINE

      expected  StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 3 }
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
                quantity  expected 3, found 2
    "#);
}

#[test]
fn unit_then_event_like_asks_a_closure() {
    stocked_inventory()
        .when(reserve_two)
        .then(expect::event_matching(|event: &StockReserved| {
            event.quantity == 2
        }));

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::event_matching(|event: &StockReserved| {
                event.quantity == 3
            }))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then event StockReserved that matches      tests/it/assertions/unit_events.rs:LINE

      expected  StockReserved for which the closure returns true
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::event_matching(|_: &StockReceived| true))
    });
    insta::assert_snapshot!(text, @"
    unit test of Inventory failed: then event StockReceived that matches      tests/it/assertions/unit_events.rs:LINE

      expected  StockReceived for which the closure returns true
      found     only StockReserved
    ");
}

#[test]
fn then_no_event_is_of_that_type_and_of_the_method() {
    stocked_inventory()
        .when(reserve_two)
        .then(expect::no_event::<StockRefused>())
        .then(expect::no_event::<StockReceived>());

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::no_event::<StockReserved>())
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then no event StockReserved      tests/it/assertions/unit_events.rs:LINE

      expected  no StockReserved
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn then_no_event_is_one_that_the_aggregate_has() {
    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::no_event::<OrderPlaced>())
    });

    insta::assert_snapshot!(text, @"
    unit test of Inventory failed: then no event OrderPlaced      tests/it/assertions/unit_events.rs:LINE

      expected  the message OrderPlaced
      found     the aggregate does not list it in `events(..)`, so it cannot raise it
    ");
}

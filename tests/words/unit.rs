//! The words of level 1: what they say when it is not so.

use std::panic::{self, AssertUnwindSafe};

use ::shop::{Inventory, Order, OrderError, OrderStatus};
use flow_harness::unit;

use crate::fixture::{placed, received, refused, reserved};

/// What `act` panics with.
#[track_caller]
fn panic_text<T>(act: impl FnOnce() -> T) -> String {
    let Err(panic) = panic::catch_unwind(AssertUnwindSafe(act)) else {
        panic!("it did not panic");
    };
    *panic
        .downcast::<String>()
        .expect("a text with values in it")
}

fn draft() -> Order {
    Order::draft("ord-1", "cust-1", "prod-1", 2, 9_995)
}

#[test]
fn then_events_are_exactly_these() {
    let text = panic_text(|| {
        unit::<Inventory>()
            .given_events(received(5))
            .when(|inventory| inventory.reserve("ord-1", 2))
            .then_events((reserved(), refused(3)))
    });

    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  StockReserved, StockRefused
      found     StockReserved
                as expected  StockReserved
                missing      StockRefused { product_id: "prod-1", order_id: "ord-1", wanted: 2, available: 3 }
    "#);
}

#[test]
fn then_no_events_is_none() {
    let text = panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_no_events()
    });

    insta::assert_snapshot!(text, @r#"
    Order raised other events than expected

      expected  nothing
      found     OrderPlaced
                unexpected   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn has_shows_the_aggregate() {
    let text = panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_events(placed())
            .has(|order| order.status == OrderStatus::Confirmed)
    });

    insta::assert_snapshot!(text, @r#"
    Order is not as expected

      expected  Order for which the closure holds
      found     Order { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995, status: "Placed" }
    "#);
}

#[test]
fn then_accepted_shows_the_refusal() {
    let text = panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::confirm)
            .then_accepted()
    });

    insta::assert_snapshot!(text, @r"
    Order refused

      expected  it accepts
      found     NotPlaced(Draft)
    ");
}

#[test]
fn then_rejected_shows_both_refusals() {
    let text = panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::confirm)
            .then_rejected(OrderError::Empty)
    });

    insta::assert_snapshot!(text, @r"
    Order refused with another value

      expected  Empty
      found     NotPlaced(Draft)
    ");
}

#[test]
fn then_rejected_is_not_accepted() {
    let text = panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_rejected(OrderError::Empty)
    });

    insta::assert_snapshot!(text, @r"
    Order accepted

      expected  it refuses with Empty
      found     it accepted
    ");
}

#[test]
fn given_events_make_no_aggregate_that_is_kept_as_state() {
    let text = panic_text(|| unit::<Order>().given_events(placed()));

    insta::assert_snapshot!(text, @"`Order` is kept as state, so no events make one: `.given_aggregate(..)` is the word");
}

#[test]
fn given_events_are_those_of_the_aggregate() {
    let text = panic_text(|| unit::<Inventory>().given_events(placed()));

    insta::assert_snapshot!(text, @"`Unit.OrderPlaced.v1` is none of the events of `Inventory`: list it in `#[aggregate(.., events(..))]`");
}

#[test]
fn what_was_raised_before_the_act_is_not_counted() {
    let mut inventory = Inventory::of("prod-1");
    inventory.receive(5);

    unit::<Inventory>()
        .given_aggregate(inventory)
        .when(|inventory| inventory.reserve("ord-1", 2))
        .then_events(reserved());
}

#[test]
fn aggregate_gives_it_back_for_ordinary_asserts() {
    let order = unit::<Order>()
        .given_aggregate(draft())
        .when(Order::place)
        .aggregate();

    assert_eq!(order.status, OrderStatus::Placed);
}

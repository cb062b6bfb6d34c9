//! The words of level 1: what they say when it is not so.

use std::panic::{self, AssertUnwindSafe};

use ::shop::{
    Inventory, Order, OrderError, OrderPlaced, OrderStatus, StockReceived, StockRefused,
    StockReserved,
};
use flow_harness::unit::{UnitGiven, UnitOutcome, unit};
use serde_json::json;

use crate::fixture::{mask_line_numbers, placed, received, refused, reserved};

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
fn unit_then_events_are_exactly_these() {
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
fn unit_given_events_do_not_create_a_state_aggregate() {
    let text = panic_text(|| unit::<Order>().given_events(placed()));

    insta::assert_snapshot!(text, @"`Order` is kept as state, so no events make one: `.given_aggregate(..)` is the word");
}

#[test]
fn given_events_are_those_of_the_aggregate() {
    let text = panic_text(|| unit::<Inventory>().given_events(placed()));

    insta::assert_snapshot!(text, @"`Unit.OrderPlaced.v1` is none of the events of `Inventory`: list it in `#[aggregate(.., events(..))]`");
}

#[test]
fn then_events_excludes_events_before_the_act() {
    let mut inventory = Inventory::empty("prod-1");
    inventory.receive(5);

    unit::<Inventory>()
        .given_aggregate(inventory)
        .when(|inventory| inventory.reserve("ord-1", 2))
        .then_events(reserved());
}

#[test]
fn aggregate_is_returned_for_plain_asserts() {
    let order = unit::<Order>()
        .given_aggregate(draft())
        .when(Order::place)
        .aggregate();

    assert_eq!(order.status, OrderStatus::Placed);
}

/// Two pieces are reserved, and what is left is the answer; without stock it refuses.
fn reserve_two(inventory: &mut Inventory) -> Result<u32, OrderError> {
    if inventory.available == 0 {
        return Err(OrderError::Empty);
    }
    inventory.reserve("ord-1", 2);
    Ok(inventory.available)
}

fn stocked() -> UnitGiven<Inventory> {
    unit::<Inventory>().given_events(received(5))
}

#[test]
fn then_event_is_one_of_those_that_the_method_raised() {
    stocked().when(reserve_two).then_event(reserved());

    let text = panic_text(|| stocked().when(reserve_two).then_event(refused(3)));
    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  StockRefused { product_id: "prod-1", order_id: "ord-1", wanted: 2, available: 3 }
      found     none of that type among StockReserved
    "#);
    let text = panic_text(|| stocked().when(reserve_two).then_event(received(5)));
    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  StockReceived { product_id: "prod-1", quantity: 5 }
      found     none of that type among StockReserved
    "#);
    let other = StockReserved {
        quantity: 3,
        ..reserved()
    };
    let text = panic_text(|| stocked().when(reserve_two).then_event(other));
    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 3 }
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
                quantity  expected 3, found 2
    "#);
}

#[test]
fn unit_then_event_like_asks_a_closure() {
    stocked()
        .when(reserve_two)
        .then_event_like(|event: &StockReserved| event.quantity == 2);

    let text = panic_text(|| {
        stocked()
            .when(reserve_two)
            .then_event_like(|event: &StockReserved| event.quantity == 3)
    });
    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  StockReserved for which the closure holds
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
    let text = panic_text(|| {
        stocked()
            .when(reserve_two)
            .then_event_like(|_: &StockReceived| true)
    });
    insta::assert_snapshot!(text, @r"
    Inventory raised other events than expected

      expected  StockReceived for which the closure holds
      found     none of that type among StockReserved
    ");
}

#[test]
fn then_no_event_is_of_that_type_and_of_the_method() {
    stocked()
        .when(reserve_two)
        .then_no_event::<StockRefused>()
        .then_no_event::<StockReceived>();

    let text = panic_text(|| stocked().when(reserve_two).then_no_event::<StockReserved>());
    insta::assert_snapshot!(text, @r#"
    Inventory raised other events than expected

      expected  no StockReserved
      found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn then_no_event_is_one_that_the_aggregate_has() {
    let text = panic_text(|| stocked().when(reserve_two).then_no_event::<OrderPlaced>());

    insta::assert_snapshot!(text, @r"
    Inventory raised other events than expected

      expected  no OrderPlaced
      found     no such event of `Inventory`, so none can ever be raised
    ");
}

fn confirmed_draft() -> UnitOutcome<Order, Result<(), OrderError>> {
    unit::<Order>()
        .given_aggregate(draft())
        .when(Order::confirm)
}

#[test]
fn unit_then_rejected_like_asks_a_closure() {
    confirmed_draft().then_rejected_like(|err| matches!(err, OrderError::NotPlaced(_)));

    let text = panic_text(|| confirmed_draft().then_rejected_like(|err| *err == OrderError::Empty));
    insta::assert_snapshot!(text, @r"
    Order refused with another value

      expected  a value of type OrderError for which the closure holds
      found     NotPlaced(Draft)
    ");
    let text = panic_text(|| stocked().when(reserve_two).then_rejected_like(|_| true));
    insta::assert_snapshot!(text, @r"
    Inventory accepted

      expected  it refuses with a value of type OrderError for which the closure holds
      found     it accepted
    ");
}

#[test]
fn unit_then_rejected_saying_searches_the_message() {
    confirmed_draft().then_rejected_saying("not Placed");

    let text = panic_text(|| confirmed_draft().then_rejected_saying("too late"));
    insta::assert_snapshot!(text, @r#"
    Order refused with another value

      expected  it refuses, saying "too late"
      found     it refused: the order is Draft, not Placed
    "#);
    let text = panic_text(|| stocked().when(reserve_two).then_rejected_saying("too late"));
    insta::assert_snapshot!(text, @r#"
    Inventory accepted

      expected  it refuses, saying "too late"
      found     it accepted
    "#);
    let text = panic_text(|| confirmed_draft().then_rejected_saying(""));
    insta::assert_snapshot!(text, @r"
    Order refused with another value

      expected  a text that a message may contain
      found     an empty text, which every message contains
    ");
}

#[test]
fn then_reply_compares_the_reply_of_the_method() {
    stocked().when(reserve_two).then_reply(3);

    let text = panic_text(|| stocked().when(reserve_two).then_reply(5));
    insta::assert_snapshot!(text, @r"
    Inventory answered otherwise

      expected  the reply 5
      found     the reply 3
    ");
    let text = panic_text(|| confirmed_draft().then_reply(()));
    insta::assert_snapshot!(text, @r"
    Order refused

      expected  the reply ()
      found     it refused with NotPlaced(Draft)
    ");
}

#[test]
fn is_compares_the_serialized_aggregate() {
    let mut expected = Inventory::empty("prod-1");
    expected.receive(3);
    expected.receive(2);

    stocked().when(|_| ()).is(expected);

    let text = panic_text(|| stocked().when(|_| ()).is(Inventory::empty("prod-1")));
    insta::assert_snapshot!(text, @r#"
    Inventory is not as expected

      expected  Inventory { product_id: "prod-1", available: 0, reserved: {} }
      found     Inventory { product_id: "prod-1", available: 5, reserved: {} }
                available  expected 0, found 5
    "#);
}

#[test]
fn like_compares_some_fields() {
    stocked().when(reserve_two).like(json!({ "available": 3 }));

    let text = panic_text(|| stocked().when(reserve_two).like(json!({ "available": 4 })));
    insta::assert_snapshot!(text, @r#"
    Inventory is not as expected

      expected  Inventory like { available: 4 }
      found     Inventory { product_id: "prod-1", available: 3, reserved: {"ord-1":2} }
                available  expected 4, found 3
    "#);
}

#[test]
fn unasserted_rejection_fails() {
    let text = panic_text(|| drop(confirmed_draft().then_no_events()));

    insta::assert_snapshot!(mask_line_numbers(&text), @"
    Order refused      tests/assertions/unit.rs:LINE

      expected  a refusal that some word speaks of
      found     it refused with NotPlaced(Draft)
                If that is the point, say so: `.then_rejected(..)`
    ");
    let text = panic_text(|| drop(confirmed_draft().has(|order| order.quantity == 2)));
    assert!(text.contains("NotPlaced(Draft)"), "{text}");
    let text = panic_text(|| confirmed_draft().aggregate());
    assert!(text.contains("NotPlaced(Draft)"), "{text}");
}

#[test]
fn rejection_is_reported_with_the_missing_event() {
    let text = panic_text(|| confirmed_draft().then_event(placed()));

    insta::assert_snapshot!(text, @r#"
    Order raised other events than expected

      expected  OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
      found     no events at all

      the method refused with NotPlaced(Draft)
    "#);
}

#[test]
fn asserted_rejection_keeps_the_aggregate_checkable() {
    let order = confirmed_draft()
        .then_rejected_saying("not Placed")
        .aggregate();

    assert_eq!(order.status, OrderStatus::Draft);
}

#[test]
fn unasserted_act_fails_at_its_line() {
    let acted_at = line!() + 1;
    let text = panic_text(|| drop(stocked().when(reserve_two)));

    assert!(text.contains(&format!("unit.rs:{acted_at}:")), "{text}");
    insta::assert_snapshot!(mask_line_numbers(&text), @"
    Inventory did something of which nothing is said      tests/assertions/unit.rs:LINE

      expected  at least one word after `when`
      found     none: a sentence that expects nothing passes whatever happens.
                Say what is expected; `.then_accepted()` if the point is that it did not refuse
    ");
}

#[test]
fn failed_step_is_followed_by_no_second_failure() {
    let text = panic_text(|| confirmed_draft().then_accepted());

    assert!(text.starts_with("Order refused\n"), "{text}");
}

//! Level 1: assertions of rejections, replies and states, and what they report on a mismatch.

use std::collections::HashSet;

use ::shop::{Inventory, Order, OrderError, OrderStatus};
use flow_domain::{Aggregate, PendingEvents};
use flow_harness::expect;
use flow_harness::unit::{UnitGiven, UnitOutcome, unit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fixture::{
    draft, mask_line_numbers, masked_panic_text, order_placed, panic_text, stock_received,
};

/// Reserves two pieces and returns how many are left; rejects without stock.
pub(crate) fn reserve_two(inventory: &mut Inventory) -> Result<u32, OrderError> {
    if inventory.available == 0 {
        return Err(OrderError::Empty);
    }

    inventory.reserve("ord-1", 2);
    Ok(inventory.available)
}

pub(crate) fn stocked_inventory() -> UnitGiven<Inventory> {
    unit::<Inventory>().given_events(stock_received(5))
}

fn confirmed_draft() -> UnitOutcome<Order, Result<(), OrderError>> {
    unit::<Order>()
        .given_aggregate(draft())
        .when(Order::confirm)
}

#[test]
fn has_shows_the_aggregate() {
    let text = masked_panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_events(order_placed())
            .has(|order| order.status == OrderStatus::Confirmed)
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Order failed: then Order "ord-1" has      tests/it/assertions/unit.rs:LINE

      expected  Order "ord-1" for which the closure returns true
      found     Order "ord-1" { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995, status: "Placed" }
    "#);
}

#[test]
fn then_accepted_shows_the_rejection() {
    let text = masked_panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::confirm)
            .then_accepted()
    });

    insta::assert_snapshot!(text, @"
    unit test of Order failed: then accepted      tests/it/assertions/unit.rs:LINE

      expected  the method is accepted
      found     the method was rejected: the order is Draft, not Placed
    ");
}

#[test]
fn then_rejected_shows_both_rejections() {
    let text = masked_panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::confirm)
            .then_rejected(OrderError::Empty)
    });

    insta::assert_snapshot!(text, @"
    unit test of Order failed: then rejected with Empty      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with Empty
      found     the method was rejected with NotPlaced(Draft)
    ");
}

#[test]
fn then_rejected_is_not_accepted() {
    let text = masked_panic_text(|| {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::place)
            .then_rejected(OrderError::Empty)
    });

    insta::assert_snapshot!(text, @"
    unit test of Order failed: then rejected with Empty      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with Empty
      found     the method was accepted
    ");
}

#[test]
fn unit_given_events_do_not_create_a_state_aggregate() {
    let text = masked_panic_text(|| unit::<Order>().given_events(order_placed()));

    insta::assert_snapshot!(text, @"`Order` is stored as state, so it cannot be folded from events; use `.given_aggregate(..)`");
}

#[test]
fn given_events_are_those_of_the_aggregate() {
    let text = masked_panic_text(|| unit::<Inventory>().given_events(order_placed()));

    insta::assert_snapshot!(text, @"`Unit.OrderPlaced.v1` is not in the `events(..)` of `Inventory`: list it in `#[aggregate(.., events(..))]`");
}

#[test]
fn aggregate_is_returned_for_plain_asserts() {
    let order = unit::<Order>()
        .given_aggregate(draft())
        .when(Order::place)
        .aggregate();

    assert_eq!(order.status, OrderStatus::Placed);
}

#[test]
fn unit_rejected_matching_calls_a_closure() {
    confirmed_draft().then(expect::rejected_matching(|err: &OrderError| {
        matches!(err, OrderError::NotPlaced(_))
    }));

    let text = masked_panic_text(|| {
        confirmed_draft().then(expect::rejected_matching(|err: &OrderError| {
            *err == OrderError::Empty
        }))
    });
    insta::assert_snapshot!(text, @"
    unit test of Order failed: then rejected with a value of type OrderError for which the closure returns true      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with a value of type OrderError for which the closure returns true
      found     the method was rejected with NotPlaced(Draft)
    ");

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::rejected_matching(|_: &OrderError| true))
    });
    insta::assert_snapshot!(text, @"
    unit test of Inventory failed: then rejected with a value of type OrderError for which the closure returns true      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with a value of type OrderError for which the closure returns true
      found     the method was accepted
    ");
}

#[test]
fn unit_rejected_with_message_searches_the_message() {
    confirmed_draft().then(expect::rejected_with_message("not Placed"));

    let text =
        masked_panic_text(|| confirmed_draft().then(expect::rejected_with_message("too late")));
    insta::assert_snapshot!(text, @r#"
    unit test of Order failed: then rejected with a message that contains "too late"      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with a message that contains "too late"
      found     the method was rejected: the order is Draft, not Placed
    "#);

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .then(expect::rejected_with_message("too late"))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then rejected with a message that contains "too late"      tests/it/assertions/unit.rs:LINE

      expected  the method is rejected with a message that contains "too late"
      found     the method was accepted
    "#);

    let text = masked_panic_text(|| confirmed_draft().then(expect::rejected_with_message("")));
    insta::assert_snapshot!(text, @r#"
    unit test of Order failed: then rejected with a message that contains ""      tests/it/assertions/unit.rs:LINE

      expected  a text that is not empty
      found     an empty text, which every message contains
    "#);
}

#[test]
fn then_reply_compares_the_reply_of_the_method() {
    stocked_inventory().when(reserve_two).then_reply(3);

    let text = masked_panic_text(|| stocked_inventory().when(reserve_two).then_reply(5));
    insta::assert_snapshot!(text, @"
    unit test of Inventory failed: then reply 5      tests/it/assertions/unit.rs:LINE

      expected  the reply 5
      found     the reply 3
    ");

    let text = masked_panic_text(|| confirmed_draft().then_reply(()));
    insta::assert_snapshot!(text, @"
    unit test of Order failed: then reply ()      tests/it/assertions/unit.rs:LINE

      expected  the reply ()
      found     the method was rejected: the order is Draft, not Placed
    ");
}

#[test]
fn is_compares_the_serialized_aggregate() {
    let mut expected = Inventory::empty("prod-1");
    expected.receive(3);
    expected.receive(2);

    stocked_inventory().when(|_| ()).is(expected).unchanged();

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(|_| ())
            .is(Inventory::empty("prod-1"))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then Inventory "prod-1" is      tests/it/assertions/unit.rs:LINE

      expected  Inventory "prod-1" { product_id: "prod-1", available: 0, reserved: {} }
      found     Inventory "prod-1" { product_id: "prod-1", available: 5, reserved: {} }
                available  expected 0, found 5
    "#);
}

#[test]
fn like_compares_some_fields() {
    stocked_inventory()
        .when(reserve_two)
        .like(json!({ "available": 3 }));

    let text = masked_panic_text(|| {
        stocked_inventory()
            .when(reserve_two)
            .like(json!({ "available": 4 }))
    });
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then Inventory "prod-1" like      tests/it/assertions/unit.rs:LINE

      expected  Inventory "prod-1" like { available: 4 }
      found     Inventory "prod-1" { product_id: "prod-1", available: 3, reserved: {"ord-1":2} }
                available  expected 4, found 3
    "#);
}

#[test]
fn unasserted_rejection_fails() {
    let text = masked_panic_text(|| drop(confirmed_draft().then_no_events()));

    insta::assert_snapshot!(text, @"
    Order rejected, and no `then` covers it      tests/it/assertions/unit.rs:LINE

      expected  no problem, or a `then` that covers it
      found     the method was rejected: the order is Draft, not Placed
                If the test expects this, add `.then_rejected(..)`
    ");

    let text = masked_panic_text(|| drop(confirmed_draft().has(|order| order.quantity == 2)));
    assert!(text.contains("the order is Draft, not Placed"), "{text}");

    let text = masked_panic_text(|| confirmed_draft().aggregate());
    assert!(text.contains("the order is Draft, not Placed"), "{text}");
}

#[test]
fn rejection_is_reported_with_the_missing_event() {
    let text = masked_panic_text(|| confirmed_draft().then_event(order_placed()));

    insta::assert_snapshot!(text, @r#"
    unit test of Order failed: then event OrderPlaced      tests/it/assertions/unit.rs:LINE

      expected  OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
      found     no events at all

      the method was rejected: the order is Draft, not Placed
    "#);
}

#[test]
fn asserted_rejection_keeps_the_aggregate_checkable() {
    let order = confirmed_draft()
        .then(expect::rejected_with_message("not Placed"))
        .aggregate();

    assert_eq!(order.status, OrderStatus::Draft);
}

#[test]
fn unasserted_act_fails_at_its_line() {
    let act_line = line!() + 1;
    let text = panic_text(|| drop(stocked_inventory().when(reserve_two)));

    assert!(text.contains(&format!("unit.rs:{act_line}:")), "{text}");
    insta::assert_snapshot!(mask_line_numbers(&text), @"
    Inventory has no assertion after `when`      tests/it/assertions/unit.rs:LINE

      expected  at least one assertion after `when`
      found     none; a unit test without an assertion always passes
                Add an assertion. To expect only that there is no rejection, add `.then_accepted()`
    ");
}

#[test]
fn failed_step_is_followed_by_no_second_failure() {
    let text = masked_panic_text(|| confirmed_draft().then_accepted());

    assert!(text.starts_with("unit test of Order failed: "), "{text}");
}

#[test]
fn unit_refuses_events_of_two_ids() {
    let received = |product_id: &str| ::shop::StockReceived {
        product_id: product_id.into(),
        quantity: 5,
    };

    let text =
        masked_panic_text(|| unit::<Inventory>().given_events([received("tea"), received("rum")]));

    insta::assert_snapshot!(text, @r#"`Inventory` is given events of "tea" and of "rum": a unit test is about one aggregate; give only the events of one id, or use a `FlowHarness`"#);
}

/// Its items come in another order in each value.
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
struct Basket {
    id: String,
    items: HashSet<u32>,
    #[serde(skip)]
    raised: PendingEvents,
}

#[test]
fn unit_is_ignores_the_order_of_a_hash_set() {
    let basket = |n| Basket {
        items: (0..n).collect(),
        ..Basket::default()
    };
    let filled = || {
        let given = unit::<Basket>().given_aggregate(basket(30));
        given.when(|basket| basket.items.extend([30]))
    };

    filled().is(basket(31));
    let text = masked_panic_text(|| filled().is(basket(32)));
    assert!(text.contains("expected  Basket"), "{text}");
}

//! What happens.

use ::shop::{ConfirmOrder, Order, OrderPlaced, OrderStatus, StockLevel};

use crate::{
    fixture::{confirmed, declined, paid, place, place_as, placed, received, reserved, shop},
    mismatch, ordered,
};

#[test]
fn when_sends_a_command_to_its_handler() {
    shop().when(place()).then_accepted().run();
}

#[test]
fn when_event_publishes_an_outside_event() {
    shop()
        .when_event(received(5))
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.available == 5)
        .run();
}

#[test]
fn when_with_creates_a_command_from_the_outcome() {
    ordered()
        .when_with(|outcome| ConfirmOrder {
            order_id: outcome.events_of::<OrderPlaced>()[0].order_id.clone(),
        })
        .then_events(confirmed())
        .run();
}

#[test]
fn several_acts_follow_each_other() {
    ordered()
        .then_events((placed(), reserved()))
        .when_event(paid())
        .then_events(confirmed())
        .when_event(declined())
        .then_no_events()
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .run();
}

#[test]
fn an_act_may_follow_an_act() {
    ordered()
        .when(place_as("ord-2"))
        .when_event(paid())
        .then_event(placed())
        .then_events(confirmed())
        .run();
}

#[test]
fn act_after_a_failed_act_does_not_run() {
    let flow = ordered().when(place()).when_event(paid()).then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  nothing goes wrong that no `then` speaks of
    found     PlaceOrder was rejected: the order is already placed
              If that is the point, say so: `.then_rejected(..)`
    ");
}

//! `when..`: the acts of a flow.

use ::shop::{ConfirmOrder, Order, OrderPlaced, OrderStatus, StockLevel};

use crate::{
    assertions::order_flows::ordered,
    fixture::{
        order_confirmed, order_placed, payment_declined, payment_received, place_order,
        place_order_with_id, shop, stock_received, stock_reserved,
    },
};

#[test]
fn when_sends_a_command_to_its_handler() {
    shop().when(place_order()).then_accepted().run();
}

#[test]
fn when_event_publishes_an_outside_event() {
    shop()
        .when_event(stock_received(5))
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
        .then_events(order_confirmed())
        .run();
}

#[test]
fn several_acts_follow_each_other() {
    ordered()
        .then_events((order_placed(), stock_reserved()))
        .when_event(payment_received())
        .then_events(order_confirmed())
        .when_event(payment_declined())
        .then_no_events()
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .unchanged()
        .run();
}

#[test]
fn an_act_may_follow_an_act() {
    ordered()
        .when(place_order_with_id("ord-2"))
        .when_event(payment_received())
        .then_event(order_placed())
        .then_events(order_confirmed())
        .run();
}

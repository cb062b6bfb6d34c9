//! The shop through outbox, broker and subscriptions.

use ::shop::{Inventory, MailHandler, Order, OrderDashboard, OrderStatus};
use flow_harness::prelude::*;

use crate::fixture::{FakeMailer, paid, place, received, reserved, shop, shop_with_mail};

#[test]
fn placing_an_order_reserves_stock() {
    shop()
        .mode(Mode::Engine)
        .given_events(received(100))
        .when(place())
        .then_event(reserved())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn a_mail_that_cannot_be_sent_is_tried_four_times_and_given_up() {
    shop_with_mail(FakeMailer::down)
        .mode(Mode::Engine)
        .given_events(received(100))
        .given_command(place())
        .when_event(paid())
        .then_handler_failed_saying::<MailHandler>("mail server is down")
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .then_attempts::<MailHandler>(4)
        .run();
}

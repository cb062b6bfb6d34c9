//! The shop with outbox, broker and subscriptions.

use ::shop::{Inventory, MailHandler, Order, OrderDashboard, OrderStatus};
use flow_harness::prelude::*;

use crate::fixture::{
    FakeMailer, payment_received, place_order, shop, shop_with_mail, stock_received, stock_reserved,
};

#[test]
fn placing_an_order_reserves_stock() {
    shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .when(place_order())
        .then_event(stock_reserved())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Placed)
        .run();
}

#[test]
fn mail_is_retried_three_times_before_it_is_a_dead_letter() {
    shop_with_mail(FakeMailer::down)
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::handler_failed_with_message::<MailHandler>(
            "mail server is down",
        ))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .then(expect::attempts::<MailHandler>(4))
        .run();
}

//! Level 2 with a fake: the customer gets a mail.

use ::shop::{Mail, MailError, MailHandler, Order, OrderStatus};
use flow_harness::expect;

use crate::fixture::{FakeMailer, payment_received, place_order, shop_with_mail, stock_received};

#[test]
fn confirmed_order_is_mailed_to_the_customer() {
    let outcome = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::resource::<FakeMailer>(|mailer| {
            mailer.sent().len() == 1
        }))
        .run();

    let expected = Mail {
        customer_id: "cust-1".into(),
        text: "Your order ord-1 is confirmed.".into(),
    };
    assert_eq!(outcome.resource::<FakeMailer>().sent(), [expected]);
}

#[test]
fn an_order_is_confirmed_even_if_the_mail_server_is_down() {
    shop_with_mail(FakeMailer::down)
        .given_events(stock_received(100))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::handler_failed::<MailHandler>(MailError))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .run();
}

//! Repeated and concurrent runs of one flow.

use flow_harness::expect;
use std::thread;

use ::shop::Inventory;

use crate::fixture::{
    FakeMailer, payment_received, place_order, place_order_with_id, shop, shop_with_mail,
    stock_received,
};

/// Returns the record of one run as text.
fn record() -> String {
    let outcome = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(100))
        .when(place_order())
        .when(place_order_with_id("ord-2"))
        .when_event(payment_received())
        .then_settled()
        .run();

    outcome.record().to_string()
}

#[test]
fn concurrent_runs_write_equal_records() {
    let expected = record();

    let records: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..100).map(|_| scope.spawn(record)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });

    assert!(records.iter().all(|record| *record == expected));
}

#[test]
fn record_shows_every_id_and_time() {
    let text = record();

    assert!(text.lines().count() > 40, "{text}");
    assert!(text.contains("command Shop.PlaceOrder.v1"), "{text}");
    assert!(text.contains("appended Shop.OrderConfirmed.v1"), "{text}");
}

#[tokio::test]
async fn record_is_equal_in_an_async_test() {
    let outcome = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(100))
        .when(place_order())
        .when(place_order_with_id("ord-2"))
        .when_event(payment_received())
        .then_settled()
        .await;

    let expected = thread::spawn(record).join().unwrap();
    assert_eq!(outcome.record().to_string(), expected);
}

#[test]
fn runs_of_one_harness_do_not_share_state() {
    let shop = shop();

    for _ in 0..2 {
        shop.given_events(stock_received(5))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 3)
            .run();
    }
}

#[test]
fn fake_is_created_for_every_run() {
    let shop = shop_with_mail(FakeMailer::default);
    let run = || {
        shop.given_events(stock_received(5))
            .given_command(place_order())
            .when_event(payment_received())
            .then(expect::resource::<FakeMailer>(|mailer| {
                mailer.sent().len() == 1
            }))
            .run()
    };

    let (first, second) = (run(), run());

    assert_eq!(first.resource::<FakeMailer>().sent().len(), 1);
    assert_eq!(second.resource::<FakeMailer>().sent().len(), 1);
}

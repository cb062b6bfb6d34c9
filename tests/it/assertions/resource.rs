//! `then_resource`: checks of a fake.

use flow_harness::prelude::*;

use crate::{
    assertions::order_flows::ordered,
    fixture::{
        FakeMailer, mismatch, payment_received, place_order, shop_with_mail, stock_received,
    },
};

#[test]
fn then_resource_asks_the_fake_of_this_run() {
    let flow = || {
        shop_with_mail(FakeMailer::default)
            .given_events(stock_received(5))
            .given_command(place_order())
            .when_event(payment_received())
    };

    flow()
        .then(expect::resource(|mailer: &FakeMailer| {
            mailer.sent().len() == 1
        }))
        .run();

    let flow = flow().then(expect::resource(|mailer: &FakeMailer| {
        mailer.sent().is_empty()
    }));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a FakeMailer for which the closure returns true
    found     FakeMailer { mails: Mutex { data: [Mail { customer_id: "cust-1", text: "Your order ord-1 is confirmed." }], poisoned: false, .. }, is_down: false, calls: CallScript { .. } }
    "#);
}

#[test]
fn then_resource_needs_one_of_that_type() {
    let flow = ordered().then(expect::resource::<FakeMailer>(|_| true));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  a FakeMailer for which the closure returns true
    found     the harness has no resource `FakeMailer`; add it with `.resource(|| ..)`
    ");
}

#[test]
fn repeated_resource_replaces_the_earlier_one() {
    let outcome = shop_with_mail(FakeMailer::down)
        .resource(FakeMailer::default)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then_settled()
        .run();

    assert_eq!(outcome.resource::<FakeMailer>().sent().len(), 1);
}

#[test]
fn missing_resource_names_the_line_of_the_query() {
    let flow = ordered().then(|_: &Outcome| {
        Resources::default().get::<FakeMailer>();
        Ok(())
    });

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the closure returns without a panic
    found     the closure panicked at tests/it/assertions/resource.rs:LINE: the harness has no resource `it::fixture::mailer::FakeMailer`; add it with `.resource(|| ..)`
    ");
}

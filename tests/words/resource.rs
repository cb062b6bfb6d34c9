//! What a fake saw.

use flow_harness::prelude::*;

use crate::{
    fixture::{FakeMailer, paid, place, received, shop_with_mail, without_lines},
    mismatch, ordered,
};

#[test]
fn then_resource_asks_the_fake_of_this_run() {
    let flow = || {
        shop_with_mail(FakeMailer::default)
            .given_events(received(5))
            .given_command(place())
            .when_event(paid())
    };

    flow()
        .then_resource(|mailer: &FakeMailer| mailer.sent().len() == 1)
        .run();

    let flow = flow().then_resource(|mailer: &FakeMailer| mailer.sent().is_empty());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a FakeMailer for which the closure holds
    found     FakeMailer { mails: Mutex { data: [Mail { customer_id: "cust-1", text: "Your order ord-1 is confirmed." }], poisoned: false, .. }, is_down: false, calls: Calls { state: Mutex { data: State { n_calls: 1, fails: None, n_failed: 0 }, poisoned: false, .. } } }
    "#);
}

#[test]
fn then_resource_needs_one_of_that_type() {
    let flow = ordered().then_resource::<FakeMailer>(|_| true);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a FakeMailer for which the closure holds
    found     no resource of that type: add `.resource(|| ..)` that makes a FakeMailer to the harness
    ");
}

#[test]
fn a_fake_that_is_given_again_replaces_the_one_before() {
    let outcome = shop_with_mail(FakeMailer::down)
        .resource(FakeMailer::default)
        .given_events(received(5))
        .given_command(place())
        .when_event(paid())
        .then_settled()
        .run();

    assert_eq!(outcome.resource::<FakeMailer>().sent().len(), 1);
}

#[test]
fn a_fake_that_is_missing_is_blamed_on_the_line_that_asks_for_it() {
    let flow = ordered().then(|_: &Outcome| {
        Resources::default().get::<FakeMailer>();
        Ok(())
    });

    insta::assert_snapshot!(without_lines(&mismatch(flow)), @r"
    expected  the closure comes to an answer
    found     the closure panicked at tests/words/resource.rs:LINE: the flow has no resource `words::fixture::mailer::FakeMailer`: add `.resource(|| ..)` that makes one to the harness
    ");
}

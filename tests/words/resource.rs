//! What a fake saw.

use crate::{
    fixture::{FakeMailer, paid, place, received, shop_with_mail},
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
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a FakeMailer for which the closure holds
    found     a FakeMailer for which it does not
    ");
}

#[test]
fn then_resource_needs_one_of_that_type() {
    let flow = ordered().then_resource::<FakeMailer>(|_| true);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a FakeMailer for which the closure holds
    found     no resource of that type: add `.resource(|| ..)` that makes a FakeMailer to the harness
    ");
}

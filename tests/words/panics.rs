//! A closure that panics is an expectation that is not met.

use ::shop::{OrderDashboard, OrderError, OrderPlaced};
use flow_harness::{Flow, flow::AfterAct, prelude::*};

use crate::{
    fixture::{FakeMailer, place, received, shop_with_mail, without_lines},
    ordered, ordered_twice,
};

/// Expects that the closure of the last step panicked with `the glass broke`, and that the failure
/// names the line of that step.
#[track_caller]
fn check(step: &str, flow: Flow<'_, impl AfterAct>) {
    let failure = flow.try_run().unwrap_err();

    let text = failure.to_string();
    assert!(text.contains(step), "{text}");
    assert!(failure.location().starts_with("tests/words/panics.rs:"));
    assert_eq!(
        without_lines(&failure.mismatch().found),
        "the closure panicked at tests/words/panics.rs:LINE: the glass broke"
    );
}

fn broken<T>(_seen: &T) -> bool {
    panic!("the glass broke")
}

#[test]
fn in_has() {
    check(
        r#"then OrderDashboard "ord-1" has  "#,
        ordered()
            .then_projection::<OrderDashboard>("ord-1")
            .has(broken),
    );
}

#[test]
fn in_all() {
    check(
        "then rows of OrderDashboard all  ",
        ordered().then_projections::<OrderDashboard>().all(broken),
    );
}

#[test]
fn in_any() {
    check(
        "then rows of OrderDashboard any  ",
        ordered().then_projections::<OrderDashboard>().any(broken),
    );
}

#[test]
fn in_none() {
    check(
        "then rows of OrderDashboard none  ",
        ordered().then_projections::<OrderDashboard>().none(broken),
    );
}

#[test]
fn in_then_resource() {
    let ordered = shop_with_mail(FakeMailer::default)
        .given_events(received(5))
        .when(place());

    check(
        "then resource FakeMailer  ",
        ordered.then_resource::<FakeMailer>(broken),
    );
}

#[test]
fn in_then_event_like() {
    check(
        "then event like OrderPlaced  ",
        ordered().then_event_like::<OrderPlaced>(broken),
    );
}

#[test]
fn in_then_rejected_like() {
    check(
        "then rejected with a value of type OrderError",
        ordered_twice().then_rejected_like::<OrderError>(broken),
    );
}

#[test]
fn in_then() {
    check(
        "then what the closure says  ",
        ordered().then(|_: &Outcome| panic!("the glass broke")),
    );
}

#[test]
fn the_steps_after_it_are_checked_too() {
    let flow = ordered()
        .then_projection::<OrderDashboard>("ord-1")
        .has(broken)
        .then_no_events();

    let failure = flow.try_run().unwrap_err();

    assert_eq!(failure.n_failed(), 2);
}

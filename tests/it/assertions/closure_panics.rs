//! A closure that panics is a failed expectation.

use ::shop::{OrderDashboard, OrderError, OrderPlaced};
use flow_harness::{Flow, flow::AfterAct, prelude::*};

use crate::{
    assertions::order_flows::{ordered, ordered_twice},
    fixture::{FakeMailer, mask_line_numbers, place_order, shop_with_mail, stock_received},
};

/// Asserts that the closure of the last step panicked with `the glass broke`, and that the failure
/// names the line of that step.
#[track_caller]
fn check(step: &str, flow: Flow<'_, impl AfterAct>) {
    let failure = flow.try_run().unwrap_err();

    let text = failure.to_string();
    assert!(text.contains(step), "{text}");
    assert!(
        failure
            .location()
            .starts_with("tests/it/assertions/closure_panics.rs:")
    );
    assert_eq!(
        mask_line_numbers(&failure.mismatch().found),
        "the closure panicked at tests/it/assertions/closure_panics.rs:LINE: the glass broke"
    );
}

fn panicking_closure<T>(_seen: &T) -> bool {
    panic!("the glass broke")
}

#[test]
fn in_has() {
    check(
        r#"then OrderDashboard "ord-1" has  "#,
        ordered()
            .then_projection::<OrderDashboard>("ord-1")
            .has(panicking_closure),
    );
}

#[test]
fn in_all() {
    check(
        "then rows of OrderDashboard all  ",
        ordered().then(expect::projections::<OrderDashboard>().all(panicking_closure)),
    );
}

#[test]
fn in_any() {
    check(
        "then rows of OrderDashboard any  ",
        ordered().then(expect::projections::<OrderDashboard>().any(panicking_closure)),
    );
}

#[test]
fn in_none() {
    check(
        "then rows of OrderDashboard none  ",
        ordered().then(expect::projections::<OrderDashboard>().none(panicking_closure)),
    );
}

#[test]
fn in_resource() {
    let ordered = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(5))
        .when(place_order());

    check(
        "then resource FakeMailer  ",
        ordered.then(expect::resource::<FakeMailer>(panicking_closure)),
    );
}

#[test]
fn in_event_matching() {
    check(
        "then event OrderPlaced that matches  ",
        ordered().then(expect::event_matching::<OrderPlaced>(panicking_closure)),
    );
}

#[test]
fn in_rejected_matching() {
    check(
        "then rejected with a value of type OrderError",
        ordered_twice().then(expect::rejected_matching::<OrderError>(panicking_closure)),
    );
}

#[test]
fn in_then() {
    check(
        "then closure  ",
        ordered().then(|_: &Outcome| panic!("the glass broke")),
    );
}

#[test]
fn later_steps_are_checked_after_a_panic() {
    let flow = ordered()
        .then_projection::<OrderDashboard>("ord-1")
        .has(panicking_closure)
        .then_no_events();

    let failure = flow.try_run().unwrap_err();

    assert_eq!(failure.n_failed(), 2);
}

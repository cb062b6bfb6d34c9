//! A flow that is never run, or runs where it cannot.

use std::panic::{self, AssertUnwindSafe};

use ::shop::Inventory;
use flow_harness::unit;

use crate::fixture::{masked_panic_text, panic_text, place_order, shop};

#[test]
fn flow_that_is_never_run_panics() {
    let line = line!() + 2;
    let text = panic_text(|| {
        drop(shop().when(place_order()).then_accepted());
    });

    let expected = format!("the flow that begins at tests/it/guards/run_guard.rs:{line}:");
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains("end it with `.run()`"), "{text}");
}

#[test]
fn flow_without_an_act_panics_when_dropped() {
    let text = panic_text(|| drop(shop().given_nothing()));

    assert!(text.contains("was never run to its end"), "{text}");
}

#[test]
fn flow_dropped_while_panicking_does_not_panic() {
    let text = panic_text(|| {
        let _flow = shop().when(place_order()).then_accepted();
        panic!("the first panic");
    });

    assert_eq!(text, "the first panic");
}

#[test]
fn flow_that_was_run_drops_without_a_panic() {
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        drop(shop().when(place_order()).then_accepted().run());
    }));

    assert!(result.is_ok());
}

#[tokio::test]
async fn run_in_an_async_test_asks_for_await() {
    let text = panic_text(|| shop().when(place_order()).then_accepted().run());

    insta::assert_snapshot!(text, @"`.run()` was called inside an async runtime, which it would block: write `.await` instead");
}

#[tokio::test]
async fn flow_that_is_not_awaited_panics() {
    let text = panic_text(|| {
        let future = shop().when(place_order()).then_accepted().into_future();
        drop(future);
    });

    assert!(text.contains("was never run to its end"), "{text}");
}

#[test]
fn unit_test_without_a_method_panics() {
    let begun = masked_panic_text(|| drop(unit::<Inventory>()));
    let given = masked_panic_text(|| drop(unit::<Inventory>().given_nothing()));

    assert_eq!(begun, given);
    insta::assert_snapshot!(begun, @"
    Inventory has no method to test      tests/it/guards/run_guard.rs:LINE

      expected  a method to test, in `when`
      found     none; a unit test without `when` checks nothing
                Add `.when(|aggregate| ..)` and an assertion
    ");
}

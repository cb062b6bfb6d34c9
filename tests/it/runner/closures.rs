//! Closures in a flow can borrow from the test.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use ::shop::{ConfirmOrder, Inventory, OrderDashboard};
use flow_harness::prelude::*;

use crate::fixture::{place_order, shop, stock_received};

#[test]
fn closure_borrows_from_the_test() {
    let expected = 98;
    let customer = String::from("cust-1");
    let n_calls = AtomicUsize::new(0);

    shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == expected)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.customer_id == customer)
        .then(|_: &Outcome| {
            n_calls.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .run();

    assert_eq!(customer, "cust-1");
    assert_eq!(n_calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn closure_borrows_from_an_async_test() {
    let order_id = String::from("ord-1");

    shop()
        .given_command(place_order())
        .when_with(|_| ConfirmOrder {
            order_id: order_id.clone(),
        })
        .then(expect::rejected_with_message("Cancelled"))
        .await;

    assert_eq!(order_id, "ord-1");
}

#[test]
fn flow_does_nothing_before_it_is_run() {
    let n_built = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_built);
    let harness = FlowHarness::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        ::shop::domain()
    });

    let flow = harness.when(place_order()).then_accepted();
    assert_eq!(n_built.load(Ordering::SeqCst), 0);
    flow.run();

    assert_eq!(n_built.load(Ordering::SeqCst), 1);
}

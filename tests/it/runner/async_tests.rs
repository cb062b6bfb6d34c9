//! Flows in async tests, on the runtime of the test.

use ::shop::OrderDashboard;
use flow_harness::{
    Flow, FlowHarness, Outcome,
    expect::{Rows, State},
    flow::{Acted, Expecting, FlowFuture, Given},
};

use crate::fixture::{place_order, shop, stock_received};

const _: fn() = || {
    fn send<T: Send>() {}
    fn send_sync<T: Send + Sync>() {}
    send::<Flow<'static, Given>>();
    send::<Flow<'static, Acted>>();
    send::<Flow<'static, Expecting<State<'static, OrderDashboard>>>>();
    send::<Flow<'static, Expecting<Rows<'static, OrderDashboard>>>>();
    send::<FlowFuture<'static>>();
    send_sync::<FlowHarness>();
    send_sync::<Outcome>();
    send_sync::<flow_harness::FlowFailure>();
};

#[tokio::test]
async fn flow_is_awaited_on_one_thread() {
    shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flow_is_awaited_on_several_threads() {
    shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flow_can_be_spawned() {
    let spawned = tokio::spawn(async {
        shop()
            .given_events(stock_received(5))
            .when(place_order())
            .then_settled()
            .await
    });
    let outcome = spawned.await.unwrap();

    assert_eq!(outcome.events().len(), 2);
}

#[tokio::test]
async fn flows_are_awaited_concurrently() {
    let (stocked, out_of_stock) = tokio::join!(
        shop()
            .given_events(stock_received(5))
            .when(place_order())
            .then_settled(),
        shop()
            .given_events(stock_received(1))
            .when(place_order())
            .then_settled(),
    );

    assert_eq!(stocked.events().len(), 2);
    assert_eq!(out_of_stock.events().len(), 3);
}

#[tokio::test]
async fn awaited_flow_panics_with_its_report() {
    let spawned = tokio::spawn(shop().when(place_order()).then_no_events().into_future());
    let panic = spawned.await.unwrap_err().into_panic();

    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("flow failed at step 2: then no events"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn report_does_not_name_a_runtime_thread_as_the_test() {
    let spawned = tokio::spawn(shop().when(place_order()).then_no_events().into_future());
    let panic = spawned.await.unwrap_err().into_panic();

    let text = panic.downcast_ref::<String>().unwrap();
    assert!(!text.contains("cargo test tokio"), "{text}");
}

#[test]
fn report_has_the_rerun_hint() {
    let failure = shop()
        .when(place_order())
        .then_no_events()
        .try_run()
        .unwrap_err();

    let text = failure.to_string();
    let rerun_hint = "cargo test runner::async_tests::report_has_the_rerun_hint";
    assert!(text.ends_with(rerun_hint), "{text}");
}

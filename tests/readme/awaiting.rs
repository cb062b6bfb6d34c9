use ::shop::ReceiveStock; // `::`, for the fixture has the name of the crate
use flow_harness::prelude::*;
use rstest::{fixture, rstest};

#[fixture]
fn shop() -> FlowHarness {
    FlowHarness::new(::shop::domain)
}

#[rstest]
#[tokio::test]
async fn stock_is_received(shop: FlowHarness) {
    shop.when(ReceiveStock { product_id: "tea".into(), quantity: 5 }).then_accepted().await;
}

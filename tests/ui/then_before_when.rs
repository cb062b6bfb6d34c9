//! A `then` before the first `when`.

use flow_harness::prelude::*;
use shop::StockReceived;

fn main() {
    FlowHarness::new(shop::domain)
        .given_events(StockReceived {
            product_id: "prod-1".into(),
            quantity: 5,
        })
        .then_no_events();

    FlowHarness::new(shop::domain).given_nothing().run();
}

//! A type that is no event, and a command among events.

use flow_harness::prelude::*;
use shop::ReceiveStock;

fn receive() -> ReceiveStock {
    ReceiveStock {
        product_id: "prod-1".into(),
        quantity: 5,
    }
}

fn main() {
    let shop = FlowHarness::new(shop::domain);
    shop.given_events("StockReceived").when(receive()).then_accepted().run();
    shop.given_events(receive()).when(receive()).then_accepted().run();
}

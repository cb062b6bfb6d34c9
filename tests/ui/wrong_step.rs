//! A value that another step takes.

use std::time::Duration;

use flow_domain::clock::VirtualClock;
use flow_harness::prelude::*;
use shop::{ReceiveStock, StockReceived};

fn receive() -> ReceiveStock {
    ReceiveStock {
        product_id: "prod-1".into(),
        quantity: 5,
    }
}

fn received() -> StockReceived {
    StockReceived {
        product_id: "prod-1".into(),
        quantity: 5,
    }
}

fn main() {
    let shop = FlowHarness::new(shop::domain);
    shop.when(received()).then_settled().run();
    shop.given_nothing().when(Duration::from_secs(60)).then_settled().run();
    shop.given_nothing().when(VirtualClock::START).then_settled().run();
    shop.when_submitted((receive(), receive())).then_settled().run();
    shop.when_event(receive()).then_settled().run();
    shop.given_command(received()).when(receive()).then_settled().run();
}

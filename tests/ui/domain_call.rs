//! A call of the domain function, instead of the function itself.

use flow_harness::prelude::*;

fn main() {
    FlowHarness::new(shop::domain());
}

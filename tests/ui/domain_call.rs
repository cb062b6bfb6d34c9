//! A domain instead of the function that builds one.

use flow_harness::prelude::*;

fn main() {
    FlowHarness::new(shop::domain());
}

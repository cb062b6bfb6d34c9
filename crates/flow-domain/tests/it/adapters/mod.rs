//! Every adapter passes the contract tests of its ports. The chaos tests find adapters that are wrong.

mod wrong_brokers;
mod wrong_stores;

use std::panic::{AssertUnwindSafe, catch_unwind};

use flow_domain::{
    adapter::memory::{MemoryBroker, MemoryStore},
    broker_contract, store_contract,
};

store_contract!(memory, async { MemoryStore::default() });

broker_contract!(memory_broker, async { MemoryBroker::default() });

/// Runs a contract test that must fail, and returns the first line of its failure.
#[track_caller]
fn failure_of(test: impl Future<Output = ()>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built");
    let caught = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test)));
    let panic = caught.expect_err("the adapter is wrong, so the test must fail");

    let text = panic
        .downcast::<String>()
        .map(|text| *text)
        .or_else(|panic| panic.downcast::<&str>().map(|text| (*text).to_owned()))
        .expect("a test fails with a text");
    text.lines().next().unwrap_or_default().to_owned()
}

//! Random operations on a database and in memory.

use std::env;

use flow_domain::{adapter::memory::MemoryStore, port::Store, testing::random::compare_stores};

/// The seeds of the random operations: a few in a test, and many in a soak.
pub(crate) fn seeds() -> std::ops::RangeInclusive<u64> {
    let n_seeds = if env::var("FLOW_SOAK").is_ok() {
        100
    } else {
        4
    };
    1..=n_seeds
}

/// Compares an empty store with one in memory.
pub(crate) async fn check_against_memory(seed: u64, store: &dyn Store) {
    compare_stores(seed, 250, [&MemoryStore::default(), store]).await;
}

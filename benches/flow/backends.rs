//! Measures what a flow costs on each backend, with the store of its own that it opens.

use flow_harness::{backend::MemoryBackend, prelude::*};

use crate::{
    measure::{fastest_rounds, figure},
    place_order,
};

pub(crate) fn measure(quick: bool) {
    let harness = || FlowHarness::new(place_order::domain);

    let memory = harness().backend(MemoryBackend);
    measure_backend("memory", &memory, quick);
    #[cfg(feature = "sqlite")]
    {
        let sqlite = flow_harness::backend::SqliteBackend::in_memory();
        measure_backend("sqlite-memory", &harness().backend(sqlite), quick);
    }
    #[cfg(feature = "postgres")]
    {
        let url = std::env::var("DATABASE_URL");
        let url = url.expect("the feature `postgres` needs a server: use `scripts/postgres`");
        let postgres = flow_harness::backend::PostgresBackend::new(&url);
        let harness = harness().backend(postgres);
        measure_backend("postgres", &harness, quick);
        measure_many("postgres", &harness, quick);
    }
}

fn measure_backend(name: &str, harness: &FlowHarness, quick: bool) {
    let (rounds, n_flows) = if quick { (1, 2) } else { (20, 50) };
    let engine = harness.clone().mode(Mode::Engine);

    let mut on_sync = || place_order::flow(harness);
    let mut on_engine = || place_order::flow(&engine);
    let [sync, through_engine] = fastest_rounds(rounds, n_flows, [&mut on_sync, &mut on_engine]);

    figure(&format!("flow-on-{name}"), sync);
    figure(&format!("engine-flow-on-{name}"), through_engine);
}

/// Measures the time of a test binary with many flows, on two threads.
#[cfg(feature = "postgres")]
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn measure_many(name: &str, harness: &FlowHarness, quick: bool) {
    let n_flows = if quick { 4 } else { 1_000 };
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..n_flows / 2).for_each(|_| place_order::flow(harness)));
        }
    });
    figure(&format!("{n_flows}-flows-on-{name}"), start.elapsed());
}

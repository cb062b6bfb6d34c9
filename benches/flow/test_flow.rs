//! Measures what a test flow costs in sync mode and in engine mode, compared with hand-written code.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use flow_domain::{App, adapter::memory::MemoryStore};
use flow_harness::{Invariant, prelude::*};

use crate::{
    manual_baseline,
    measure::{fastest_rounds, figure, ratio},
    place_order,
};

pub(crate) fn measure(quick: bool) {
    let rounds = if quick { 1 } else { 60 };
    let n_flows = if quick { 10 } else { 2_000 };
    let with_invariants = FlowHarness::new(place_order::domain);
    let harness = without_invariants(with_invariants.clone());
    let engine = harness.clone().mode(Mode::Engine);

    let [manual, sync, sync_with_invariants, through_engine, domain] = fastest_rounds(
        rounds,
        n_flows,
        [
            &mut || manual_baseline::flow(),
            &mut || place_order::flow(&harness),
            &mut || place_order::flow(&with_invariants),
            &mut || place_order::flow(&engine),
            &mut || drop(black_box(place_order::domain())),
        ],
    );
    let [new_harness] = fastest_rounds(
        rounds,
        n_flows,
        [&mut || place_order::flow(&without_invariants(FlowHarness::new(place_order::domain)))],
    );

    figure("hand-written", manual);
    figure("sync", sync);
    figure("sync-with-laws", sync_with_invariants);
    figure("engine", through_engine);
    figure("sync-with-a-new-harness", new_harness);
    figure("building-the-domain", domain);
    ratio("sync-over-hand", sync, manual);
    ratio("laws-over-bare", sync_with_invariants, sync);
    ratio("engine-over-sync", through_engine, sync);
    ratio("engine-over-hand", through_engine, manual);

    for n_stored in [1, 100, 10_000] {
        figure(
            &format!("sync-with-{n_stored}-flows-stored"),
            time_with_stored_flows(n_stored, quick),
        );
    }
}

/// Disables all invariants: the hand-written code checks none.
fn without_invariants(harness: FlowHarness) -> FlowHarness {
    Invariant::ALL
        .into_iter()
        // The domain has no snapshots, so this invariant cannot be disabled.
        .filter(|invariant| *invariant != Invariant::Snapshot)
        .fold(harness, |harness, invariant| {
            harness.disable_invariant(invariant, "it is measured without")
        })
}

/// Returns the cost of one more flow in a store that already holds `n_stored` flows, without the
/// test flow around it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn time_with_stored_flows(n_stored: usize, quick: bool) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread");
    let domain = place_order::domain().expect("a domain that can work");
    let n_more = if quick { 1 } else { 1_000 };

    runtime.block_on(async {
        let app = App::builder(domain).store(MemoryStore::default()).start();
        for idx in 0..n_stored {
            place_order::process(&app, idx).await;
        }

        let mut best = Duration::MAX;
        let mut next = n_stored;
        for _ in 0..5 {
            let start = Instant::now();
            for _ in 0..n_more {
                place_order::process(&app, next).await;
                next += 1;
            }
            best = best.min(start.elapsed() / u32::try_from(n_more).expect("fits"));
        }
        best
    })
}

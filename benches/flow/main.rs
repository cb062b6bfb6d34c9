//! What a flow costs, beside the same work written by hand.
//!
//! Prints one line a figure: `figure NAME VALUE UNIT` or `ratio NAME VALUE`. Both sides of a ratio are
//! measured in the same run, in turns, on the same work.

mod by_hand;
mod placing;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use flow_domain::{App, adapter::memory::MemoryStore};
use flow_harness::prelude::*;

fn main() {
    // `cargo test --benches` asks only whether it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { 60 };
    let n_flows = if quick { 10 } else { 2_000 };

    let harness = FlowHarness::new(placing::domain);
    let [hand, sync, domain] = fastest(
        rounds,
        n_flows,
        [
            &mut || by_hand::flow(),
            &mut || placing::flow(&harness),
            &mut || drop(black_box(placing::domain())),
        ],
    );
    let [fresh] = fastest(
        rounds,
        n_flows,
        [&mut || placing::flow(&FlowHarness::new(placing::domain))],
    );
    figure("hand-written", hand);
    figure("sync", sync);
    figure("sync-with-a-new-harness", fresh);
    figure("building-the-domain", domain);
    ratio("sync-over-hand", sync, hand);
    for n_stored in [1, 100, 10_000] {
        figure(
            &format!("sync-with-{n_stored}-flows-stored"),
            stored(n_stored, quick),
        );
    }
}

/// The fastest round of each piece of work, for one run of it. The pieces take turns, so that a slow
/// moment of the machine hits all of them.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn fastest<const N: usize>(
    rounds: usize,
    n_flows: u32,
    mut work: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (work, best) in work.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..n_flows {
                work();
            }
            *best = (*best).min(start.elapsed() / n_flows);
        }
    }
    best
}

/// What one more flow costs in a store that has so many already, without the sentence around it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn stored(n_stored: usize, quick: bool) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread");
    let domain = placing::domain().expect("a domain that can work");
    let n_more = if quick { 1 } else { 1_000 };
    runtime.block_on(async {
        let app = App::builder(domain).store(MemoryStore::default()).start();
        for idx in 0..n_stored {
            placing::process(&app, idx).await;
        }
        let mut best = Duration::MAX;
        let mut next = n_stored;
        for _ in 0..5 {
            let start = Instant::now();
            for _ in 0..n_more {
                placing::process(&app, next).await;
                next += 1;
            }
            best = best.min(start.elapsed() / u32::try_from(n_more).expect("fits"));
        }
        best
    })
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
fn figure(name: &str, value: Duration) {
    println!("figure {name} {} ns", value.as_nanos());
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
fn ratio(name: &str, value: Duration, over: Duration) {
    println!(
        "ratio {name} {:.2}",
        value.as_secs_f64() / over.as_secs_f64()
    );
}

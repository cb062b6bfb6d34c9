//! Measures and prints: `figure NAME VALUE UNIT`, or `ratio NAME VALUE`.

use std::time::{Duration, Instant};

/// Returns the time of one run in the fastest round, for each piece of work.
///
/// The pieces take turns, so a slow moment of the machine affects all of them.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn fastest_rounds<const N: usize>(
    rounds: usize,
    n_runs: u32,
    mut work: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (work, best) in work.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..n_runs {
                work();
            }
            *best = (*best).min(start.elapsed() / n_runs);
        }
    }
    best
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
pub(crate) fn figure(name: &str, value: Duration) {
    println!("figure {name} {} ns", value.as_nanos());
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
pub(crate) fn per_second(name: &str, n: u32, time: Duration) {
    println!("figure {name} {:.0} /s", f64::from(n) / time.as_secs_f64());
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark is for")]
pub(crate) fn ratio(name: &str, value: Duration, over: Duration) {
    println!(
        "ratio {name} {:.2}",
        value.as_secs_f64() / over.as_secs_f64()
    );
}

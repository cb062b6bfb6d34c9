//! Measures commits, reads and queries of the SQL stores beside a floor: one INSERT of the same bytes with the
//! same client, pool and flushes.
//!
//! Prints `figure NAME VALUE UNIT` and `ratio NAME VALUE`. A ratio is the share of the rate of the floor. Both are
//! measured in turns. `--test` runs everything once.

mod distance;
mod postgres;
mod rate;
mod snapshots;
mod sqlite;
mod unit;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");

    runtime.block_on(postgres::measure(quick));
    runtime.block_on(sqlite::measure(quick));
}

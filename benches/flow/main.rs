//! Measures what a test flow costs compared with hand-written code, how much an engine delivers,
//! queries on many rows, and whether the cost of a delivery depends on how many there are.
//!
//! Prints one line per figure: `figure NAME VALUE UNIT` or `ratio NAME VALUE`. The two sides of a
//! ratio are measured in the same run, in turns, on the same work. `-- fork` runs only that theme.

mod backends;
mod deliveries;
mod fork;
mod linear;
mod manual_baseline;
mod measure;
mod place_order;
mod query;
mod test_flow;
mod timeout;

/// A name and its benchmark. The benchmark runs only once if its argument is `true`.
type Theme = (&'static str, fn(bool));

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only checks that the benchmarks run.
    let quick = arguments.iter().any(|argument| argument == "--test");
    let theme = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"));

    let all: [Theme; 7] = [
        ("sentence", test_flow::measure),
        ("timeout", timeout::measure),
        ("deliveries", deliveries::measure),
        ("fork", fork::measure),
        ("query", query::measure),
        ("linear", linear::measure),
        ("backends", backends::measure),
    ];
    for (name, measure) in all {
        if theme.is_none_or(|theme| theme == name) {
            measure(quick);
        }
    }
}

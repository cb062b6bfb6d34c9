//! What a flow costs, beside the same work written by hand, and what an engine gets done.
//!
//! Prints one line a figure: `figure NAME VALUE UNIT` or `ratio NAME VALUE`. Both sides of a ratio are
//! measured in the same run, in turns, on the same work. `-- fork` measures one theme only.

mod deliveries;
mod fork;
mod manual_baseline;
mod measure;
mod place_order;
mod test_flow;
mod timeout;

/// What is measured under a name; `true` asks only whether it runs.
type Theme = (&'static str, fn(bool));

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` asks only whether it runs.
    let quick = arguments.iter().any(|argument| argument == "--test");
    let theme = arguments.iter().find(|one| !one.starts_with("--"));
    let all: [Theme; 4] = [
        ("sentence", test_flow::measure),
        ("timeout", timeout::measure),
        ("deliveries", deliveries::measure),
        ("fork", fork::measure),
    ];

    for (name, measure) in all {
        if theme.is_none_or(|theme| theme == name) {
            measure(quick);
        }
    }
}

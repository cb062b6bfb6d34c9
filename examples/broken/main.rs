//! Eight classic mistakes, and what a failure says of each: `cargo run --example broken -- wrong-id`.
//!
//! Without an argument, or with `all`, it tells all of them. The café in `cafe` is right by itself; a
//! mistake is one `if` or `match` there, or in `flows.rs` if it is one of the test.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is what the example is for"
)]

mod cafe;
mod flows;
mod mistake;

use std::{env, process::ExitCode};

use crate::mistake::Mistake;

fn main() -> ExitCode {
    let argument = env::args().nth(1);
    match argument.as_deref() {
        None | Some("all") => Mistake::ALL.into_iter().for_each(show),
        Some(name) => match Mistake::by_name(name) {
            Some(mistake) => show(mistake),
            None => return report_unknown_mistake(name),
        },
    }

    ExitCode::SUCCESS
}

fn show(mistake: Mistake) {
    let failure = flows::run_flow(mistake, Some(mistake)).expect_err("the mistake is noticed");
    println!("{mistake}: {}\n\n{failure}\n\n", mistake.explanation());
}

fn report_unknown_mistake(name: &str) -> ExitCode {
    eprintln!("There is no mistake `{name}`. There are `all` of them, or one:");
    for mistake in Mistake::ALL {
        eprintln!("  {:<16} {}", mistake.to_string(), mistake.explanation());
    }
    ExitCode::from(2)
}

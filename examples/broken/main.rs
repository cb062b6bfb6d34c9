//! Eight classic mistakes and their failure reports: `cargo run --example broken -- wrong-id`.
//!
//! Without an argument, or with `all`, the example prints all reports. The café in `cafe` is
//! correct by default. A mistake is one `if` or `match` there, or in `flows.rs` if the test makes
//! it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the example prints its result"
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
    let failure = flows::run_flow(mistake, Some(mistake)).expect_err("the flow fails");
    println!("{mistake}: {}\n\n{failure}\n\n", mistake.explanation());
}

fn report_unknown_mistake(name: &str) -> ExitCode {
    eprintln!("There is no mistake `{name}`. Use `all`, or one of these:");
    for mistake in Mistake::ALL {
        eprintln!("  {:<16} {}", mistake.to_string(), mistake.explanation());
    }
    ExitCode::from(2)
}

use std::{env, sync::LazyLock};

use crate::{outcome::Outcome, report::passed_text};

/// Whether flows that pass are printed.
///
/// The variable is read once, because each read of the environment takes a lock.
static IS_ENABLED: LazyLock<bool> = LazyLock::new(|| {
    env::var_os("FLOW_HARNESS_TRACE").is_some_and(|value| !value.is_empty() && value != "0")
});

/// Prints the outcome of a flow that passed, if `FLOW_HARNESS_TRACE=1` is set.
pub(super) fn trace(outcome: &Outcome) {
    if *IS_ENABLED {
        print(outcome);
    }
}

#[cold]
#[expect(
    clippy::print_stderr,
    reason = "the user asked for it, and the test runner captures what is printed this way"
)]
fn print(outcome: &Outcome) {
    eprintln!("{}\n", passed_text(outcome));
}

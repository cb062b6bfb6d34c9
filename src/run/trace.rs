use std::{env, sync::LazyLock};

use crate::run::Outcome;

/// Whether sentences that pass are to be told. Asked once: the environment is behind a lock.
static IS_ENABLED: LazyLock<bool> = LazyLock::new(|| {
    let said = env::var_os("FLOW_HARNESS_TRACE");
    said.is_some_and(|said| !said.is_empty() && said != "0")
});

/// Prints what happened, if `FLOW_HARNESS_TRACE=1` asks for it.
pub(super) fn trace(outcome: &Outcome) {
    if *IS_ENABLED {
        print(outcome);
    }
}

#[cold]
#[expect(
    clippy::print_stderr,
    reason = "whoever sets the variable wants to read it, and the test runner catches what is printed so"
)]
fn print(outcome: &Outcome) {
    eprintln!("{}\n", outcome.render_passed());
}

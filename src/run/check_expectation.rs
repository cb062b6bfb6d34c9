use crate::{
    expect::{Expectation, Mismatch, catch_closure},
    outcome::Outcome,
};

/// The maximum number of states that an expectation may read.
const MAX_READS: usize = 10_000;

/// Checks an expectation, which reads the stored states that it needs.
///
/// If a store does not answer at once, the expectation fails until the state is read. Then it is checked
/// again.
///
/// # Errors
///
/// Returns a mismatch if the expectation is not met, or if it panics.
pub(crate) async fn check_expectation(
    expectation: &dyn Expectation,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    outcome.begin_reads(MAX_READS);
    let result = loop {
        let result = catch_closure(|| expectation.check(outcome));
        if !outcome.read_waiting_states().await {
            break result;
        }
    };

    if outcome.end_reads() {
        let expected = format!("an expectation that reads at most {MAX_READS} states");
        let found = "it asks for another state\n\
                     End the loop that reads states, or split the step. To check all rows, add `.then(expect::projections::<P>())`";
        return Err(Mismatch::new(expected, found));
    }

    result
}

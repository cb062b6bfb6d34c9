use crate::{
    expect::{Expectation, Mismatch, catch_closure},
    outcome::Outcome,
};

/// The maximum number of times that an expectation is checked because it asks for another state.
///
/// Each check reads again what the earlier ones have read. So twice as many cost four times as much.
const MAX_READS: usize = 500;

/// Checks an expectation, and reads the stored states that it needs.
///
/// An expectation that needs a state fails until the state is read. Then it is checked again.
///
/// # Errors
///
/// Returns a mismatch if the expectation is not met, or if it panics.
pub(crate) async fn check_expectation(
    expectation: &dyn Expectation,
    outcome: &mut Outcome,
) -> Result<(), Mismatch> {
    for _ in 0..MAX_READS {
        let result = catch_closure(|| expectation.check(outcome));
        let wanted = outcome.take_wanted_states();
        if wanted.is_empty() {
            outcome.forget_states();
            return result;
        }

        for query in wanted {
            let system = outcome.system();
            let states = system
                .read_states(query.state_type, query.id.as_deref())
                .await;
            outcome.add_states(query, states);
        }
    }

    outcome.forget_states();
    let expected =
        format!("an expectation that reads at most {MAX_READS} states, one after another");
    let found = "it asks for another state in each check\n\
                 End the loop that reads states, or split the step. To check all rows, add `.then(expect::projections::<P>())`";
    Err(Mismatch::new(expected, found))
}

use crate::{
    run::Outcome,
    why::{Sought, Why, facts::Facts, found::first_two},
};

/// Searches for the cause of a failed step.
pub(crate) fn why(sought: &Sought, outcome: &Outcome) -> Option<Why> {
    let system = outcome.system();
    let facts = Facts::of(
        outcome.record(),
        system.wiring(),
        outcome.left(),
        outcome.is_inline(),
        (outcome.n_given(), outcome.n_before_last_act()),
    );
    let mut verdicts = facts.verdicts(sought, &|kept, events| system.fold(kept, events));
    if verdicts.is_empty() {
        verdicts.push(facts.all_went_well());
    }
    first_two(verdicts)
}

use crate::{
    diagnosis::{Diagnosis, Subject, candidates::pick_diagnosis, causal_index::CausalIndex},
    run::Outcome,
};

/// Searches for the cause of a failed step.
pub(crate) fn diagnose(sought: &Subject, outcome: &Outcome) -> Option<Diagnosis> {
    let system = outcome.system();
    let facts = CausalIndex::build(
        outcome.record(),
        system.wiring(),
        outcome.remaining(),
        outcome.is_inline(),
        (outcome.n_given_entries(), outcome.n_before_last_act()),
    );
    let mut verdicts = facts.causes(sought, &|kept, events| system.fold(kept, events));

    if verdicts.is_empty() {
        verdicts.push(facts.nothing_failed());
    }

    pick_diagnosis(verdicts)
}

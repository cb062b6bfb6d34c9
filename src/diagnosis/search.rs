use crate::{
    diagnosis::{Diagnosis, Subject, candidates::pick_diagnosis, causal_index::CausalIndex},
    run::Outcome,
};

/// Searches for the cause of a failed step.
pub(crate) fn diagnose(subject: &Subject, outcome: &Outcome) -> Option<Diagnosis> {
    let system = outcome.system();
    let index = CausalIndex::build(
        outcome.record(),
        system.wiring(),
        outcome.remaining(),
        outcome.is_inline(),
        (outcome.n_given_entries(), outcome.n_before_last_act()),
    );

    let mut causes = index.causes(subject, &|state_type, events| {
        system.fold(state_type, events)
    });
    if causes.is_empty() {
        causes.push(index.nothing_failed());
    }

    pick_diagnosis(causes)
}

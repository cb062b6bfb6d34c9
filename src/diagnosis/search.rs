use crate::{
    diagnosis::{Cause, Diagnosis, causal_index::CausalIndex},
    expect::Subject,
    outcome::{Outcome, ProblemCount},
};

/// Searches for the cause of a failed step.
pub(crate) fn diagnose(subject: &Subject, outcome: &Outcome) -> Option<Diagnosis> {
    let system = outcome.system();
    let index = CausalIndex::build(
        outcome.record(),
        system.wiring(),
        outcome.remaining(),
        outcome.is_inline(),
        (outcome.n_given_entries, outcome.n_before_last_act()),
    );

    let causes = index.causes(subject, &|state_type, events| {
        system.fold_each(state_type, events)
    });
    let nothing_failed = || {
        let has_problems = outcome.count_problems() != ProblemCount::default();
        (!has_problems).then(|| index.nothing_failed())?
    };
    // Without a known wiring, the absence of a handler proves nothing.
    let is_known = system.has_known_wiring();
    let mut causes = causes.into_iter();
    let cause = causes
        .find(|cause| is_known || cause.is_in_record())
        .or_else(|| nothing_failed().filter(|_| is_known))?;

    Some(Diagnosis {
        is_proven: index.is_proven(&cause, subject),
        cause,
    })
}

/// Returns the first diagnosis.
///
/// If its cause is a violated invariant, another cause in the same handler call replaces it. The
/// other cause says more.
pub(crate) fn first_diagnosis(mut diagnoses: impl Iterator<Item = Diagnosis>) -> Option<Diagnosis> {
    let first = diagnoses.next()?;
    let Cause::InvariantViolated { at, .. } = &first.cause else {
        return Some(first);
    };

    let call_entry = Some(at.entry);
    diagnoses
        .find(|diagnosis| diagnosis.cause.handler_call().map(|at| at.entry) == call_entry)
        .or(Some(first))
}

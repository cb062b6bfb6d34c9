use crate::{
    flow::{Mismatch, Plan},
    report::{FlowFailure, StepMismatch},
    run::{
        Outcome,
        final_state::{FinalState, unknown_names},
        single_run::run_once,
    },
    system::Mode,
};

/// Runs a sentence inline and through the engine, and fails if the two do not end alike. What is left
/// is the outcome of the second.
pub(super) async fn run_differential(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let inline = run_once(plan, Mode::Sync, None)
        .await
        .map_err(|failure| failure.with_note("in Mode::Sync"))?;
    let through_engine = run_once(plan, Mode::Engine, None)
        .await
        .map_err(|failure| failure.with_note("in Mode::Engine; in Mode::Sync it passes"))?;
    let names = ("inline", "engine");
    let (one, other) = (
        FinalState::from_outcome(&inline),
        FinalState::from_outcome(&through_engine),
    );
    let differences = one.differences(names, &other, &plan.allowed_differences);
    let last = plan.steps.len() - 1;
    let unknown = unknown_names(&one, &other, &plan.allowed_differences);

    if !unknown.is_empty() {
        let expected = "something that may differ, by its type, `Type.field` or title";
        let found = format!("nothing is called `{}`", unknown.join("`, `"));
        let mismatch = Mismatch::new(expected, found);
        let failed = StepMismatch::new(last, plan.steps[last].location, mismatch);
        return Err(FlowFailure::new(through_engine, vec![failed]));
    }

    if differences.is_empty() {
        return Ok(through_engine);
    }

    let found = match differences.len() {
        1 => "one difference; if it is legal, say so: `.may_differ(..)`".to_owned(),
        n => format!("{n} differences; if they are legal, say so: `.may_differ(..)`"),
    };
    let mismatch = Mismatch::new("both modes end alike", found).with_differences(differences);
    let failed = StepMismatch::new(last, plan.steps[last].location, mismatch);
    let note = "in Mode::Sync and in Mode::Engine; this is the record of the second";

    Err(FlowFailure::new(through_engine, vec![failed]).with_note(note))
}

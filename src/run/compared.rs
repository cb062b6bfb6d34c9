use crate::{
    flow::{Mismatch, Plan},
    report::{Failed, FlowFailure},
    run::{
        Outcome,
        ending::{Ending, unknown_names},
        once::once,
    },
    system::Mode,
};

/// Runs a sentence inline and through the engine, and fails if the two do not end alike. What is left
/// is the outcome of the second.
pub(super) async fn compared(plan: &Plan<'_>) -> Result<Outcome, FlowFailure> {
    let inline = once(plan, Mode::Sync, None)
        .await
        .map_err(|failure| failure.with_note("in Mode::Sync"))?;
    let through_engine = once(plan, Mode::Engine, None)
        .await
        .map_err(|failure| failure.with_note("in Mode::Engine; in Mode::Sync it passes"))?;
    let names = ("inline", "engine");
    let (one, other) = (Ending::of(&inline), Ending::of(&through_engine));
    let differences = one.differences(names, &other, &plan.may_differ);
    let last = plan.steps.len() - 1;
    let unknown = unknown_names(&one, &other, &plan.may_differ);
    if !unknown.is_empty() {
        let expected = "something that may differ, by its type, `Type.field` or title";
        let found = format!("nothing is called `{}`", unknown.join("`, `"));
        let mismatch = Mismatch::new(expected, found);
        let failed = Failed::new(last, plan.steps[last].location, mismatch);
        return Err(FlowFailure::new(through_engine, vec![failed]));
    }
    if differences.is_empty() {
        return Ok(through_engine);
    }
    let found = match differences.len() {
        1 => "one difference; if it is legal, say so: `.may_differ(..)`".to_owned(),
        n => format!("{n} differences; if they are legal, say so: `.may_differ(..)`"),
    };
    let mismatch = Mismatch::new("both modes end alike", found).differing(differences);
    let failed = Failed::new(last, plan.steps[last].location, mismatch);
    let note = "in Mode::Sync and in Mode::Engine; this is the record of the second";
    Err(FlowFailure::new(through_engine, vec![failed]).with_note(note))
}

use std::collections::BTreeSet;

use flow_domain::wiring::nearest;

use crate::{
    expect::Mismatch,
    outcome::{Outcome, Warning},
    plan::Plan,
    report::{FlowFailure, StepMismatch},
    run::{
        allowed_difference::AllowedDifference, final_state::FinalState, run_config::RunConfig,
        single_run::run_once,
    },
    system::Mode,
};

/// Runs a flow in sync mode and in engine mode, and fails if the final states differ.
///
/// Returns the mode of the run whose record is in the result, and the result. Without a failure it is
/// the run in engine mode.
pub(super) async fn run_differential(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
) -> (Mode, Result<Box<Outcome>, FlowFailure>) {
    match run_once(plan, config.in_mode(Mode::Sync), None).await {
        Ok(inline) => {
            let result = compare_with_engine(plan, config.in_mode(Mode::Engine), &inline).await;
            (Mode::Engine, result)
        }
        Err(failure) => (Mode::Sync, Err(failure.with_note("in Mode::Sync"))),
    }
}

async fn compare_with_engine(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
    inline: &Outcome,
) -> Result<Box<Outcome>, FlowFailure> {
    let through_engine = run_once(plan, config, None)
        .await
        .map_err(|failure| failure.with_note("in Mode::Engine; in Mode::Sync the flow passes"))?;
    let (inline, engine) = (
        FinalState::from_outcome(inline),
        FinalState::from_outcome(&through_engine),
    );

    let texts = &plan.allowed_differences;
    let allowed: Vec<AllowedDifference<'_>> = texts
        .iter()
        .map(|text| AllowedDifference::parse(text))
        .collect();
    let unknown: Vec<String> = texts
        .iter()
        .zip(&allowed)
        .filter(|(_, allowed)| !inline.has(allowed) && !engine.has(allowed))
        .map(|(text, allowed)| unknown_text(text, allowed, &[&inline, &engine]))
        .collect();
    if !unknown.is_empty() {
        let mismatch = Mismatch::new(AllowedDifference::EXPECTED, unknown.join("\n"));
        let failure = StepMismatch::at_end(plan, mismatch);
        return Err(FlowFailure::new(through_engine, vec![failure], None));
    }

    let mode_names = ("Mode::Sync", "Mode::Engine");
    let differences = inline.differences(mode_names, &engine, &allowed.iter().collect::<Vec<_>>());
    if differences.is_empty() {
        // Without an allowance that is needed, there is a difference.
        let is_needed = |idx: usize| {
            let mut others: Vec<&AllowedDifference<'_>> = allowed.iter().collect();
            others.remove(idx);
            !inline.differences(mode_names, &engine, &others).is_empty()
        };
        let unneeded: Vec<Warning> = (0..allowed.len())
            .filter(|idx| !is_needed(*idx))
            .map(|idx| unneeded_warning(&texts[idx]))
            .collect();
        drop(engine);

        let mut through_engine = through_engine;
        for warning in unneeded {
            through_engine.warn(warning);
        }
        return Ok(through_engine);
    }

    let found = match differences.len() {
        1 => "1 difference; if the test expects it, add `.allow_difference(..)`".to_owned(),
        n => format!("{n} differences; if the test expects them, add `.allow_difference(..)`"),
    };
    let mismatch =
        Mismatch::new("both modes end with the same state", found).with_differences(differences);
    let failure = StepMismatch::at_end(plan, mismatch);
    let note = "in Mode::Sync and in Mode::Engine; the record is from Mode::Engine";
    Err(FlowFailure::new(through_engine, vec![failure], None).with_note(note))
}

/// Returns the warning that both modes agree on what `text` allows to differ.
fn unneeded_warning(text: &str) -> Warning {
    Warning::about_run(format!(
        "the modes do not differ in what `.allow_difference({text:?})` allows: remove the call"
    ))
}

/// Returns that no final state has what `text` allows to differ, and which field has a similar name.
pub(super) fn unknown_text(
    text: &str,
    allowed: &AllowedDifference<'_>,
    states: &[&FinalState<'_>],
) -> String {
    let AllowedDifference::Field(type_name, field) = allowed else {
        return format!("no match for `{text}`");
    };

    let fields: BTreeSet<&str> = states
        .iter()
        .flat_map(|state| state.fields(allowed))
        .collect();
    match nearest(field, fields.iter().copied()) {
        _ if fields.is_empty() => format!("no match for `{text}`: no state of {type_name}"),
        Some(near) => format!("{type_name} has no field `{field}`; did you mean `{near}`?"),
        None => {
            let fields: Vec<&str> = fields.into_iter().collect();
            format!(
                "{type_name} has no field `{field}`, only `{}`",
                fields.join("`, `")
            )
        }
    }
}

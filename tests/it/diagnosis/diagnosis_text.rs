//! The diagnosis of a failing flow as text.
//!
//! Every cause is put into the shop and the bank at levels 2 and 3, next to its most similar cause.
//! The booking system covers causes that depend on time.

use flow_harness::{Flow, Mode, diagnosis::Diagnosis, flow::AfterAct};

use crate::fixture::{failure, mask_line_numbers};

/// Returns the cause of a failing flow with its number, and the advice.
#[track_caller]
pub(crate) fn diagnosis(flow: Flow<'_, impl AfterAct>) -> String {
    let failure = failure(flow);
    let Some(Diagnosis {
        cause, is_proven, ..
    }) = failure.diagnosis()
    else {
        panic!("no cause was found:\n{failure}");
    };

    let label = if *is_proven { "" } else { "perhaps " };
    let mut lines = vec![format!("{label}{} {cause}", cause.case_number())];
    lines.extend(cause.advice().map(|advice| format!("do {advice}")));

    mask_line_numbers(&lines.join("\n"))
}

/// Returns the cause of a flow that fails at levels 2 and 3 for the same reason.
#[track_caller]
pub(crate) fn diagnosis_in_both_modes<'t, S: AfterAct>(
    flow: impl Fn(Mode) -> Flow<'t, S>,
) -> String {
    let (inline, through_engine) = (diagnosis(flow(Mode::Sync)), diagnosis(flow(Mode::Engine)));
    pretty_assertions::assert_eq!(inline, through_engine, "the two modes do not agree");
    inline
}

//! The invariant `silent change`: an aggregate that changes without an event is a warning.

use flow_harness::{Invariant, outcome::Warning, prelude::*};
use rstest::rstest;

use crate::{
    fixture::report,
    invariants::shelf::{Label, pantry, write},
};

/// Returns the warnings about silent changes.
fn silent_changes(outcome: &Outcome) -> Vec<Warning> {
    let mut warnings = outcome.warnings();
    warnings.retain(|warning| warning.invariant == Some(Invariant::SilentChange));
    warnings
}

#[rstest]
fn silent_change_is_a_warning(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = pantry()
        .mode(mode)
        .given_command(write(""))
        .when(write("in silence"))
        .then_settled()
        .run();

    let warnings = silent_changes(&outcome);
    assert_eq!(warnings.len(), 1);
    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings[0], @r#"Keeper changed Label "l-1" and raised no event, so no subscriber learns of the change"#);
    }
}

#[test]
fn silent_change_is_reported_once() {
    let outcome = pantry()
        .given_command(write(""))
        .when(write("in silence"))
        .when(write("in silence"))
        .then_settled()
        .run();

    assert_eq!(silent_changes(&outcome).len(), 1);
}

#[test]
fn silent_change_accepts_a_raised_event() {
    let outcome = pantry().when(write("")).then_settled().run();

    assert_eq!(silent_changes(&outcome), []);
}

#[test]
fn silent_change_accepts_an_event_of_the_issuer() {
    let outcome = pantry().when(write("by another hand")).then_settled().run();

    assert_eq!(silent_changes(&outcome), []);
}

#[test]
fn silent_change_is_in_the_report() {
    let flow = pantry()
        .when(write("in silence"))
        .then_aggregate::<Label>("l-1")
        .has(|label| label.text == "fig");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Label "l-1" has      tests/it/invariants/silent_change.rs:LINE

      expected  Label "l-1" for which the closure returns true
      found     Label "l-1" { id: "l-1", text: "plum" }

    why    perhaps: Keeper handled WriteLabel and was the last to set `id`; the value comes from Keeper: it is the `label_id` of WriteLabel
           Keeper handled WriteLabel and was the last to set `text`

    story   1 when   WriteLabel { label_id: "l-1", mistake: "in silence" }  accepted
            2 then   Label "l-1" has                                        FAILED

    chain  WriteLabel                          Keeper  stored Label "l-1"   <- here

    warn   Keeper added Label "l-1" and raised no event, so no subscriber learns of the change

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn silent_change_that_is_disabled_gives_no_warning() {
    let outcome = pantry()
        .disable_invariant(Invariant::SilentChange, "nobody listens to labels")
        .when(write("in silence"))
        .then_settled()
        .run();

    assert_eq!(silent_changes(&outcome), []);
}

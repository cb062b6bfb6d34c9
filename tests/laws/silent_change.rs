//! An aggregate that changes without raising an event is a warning, and no failure.

use flow_harness::{Law, prelude::*};
use rstest::rstest;

use crate::{
    report,
    shelf::{Label, pantry, write},
};

#[rstest]
fn an_aggregate_that_changes_in_silence_is_a_warning(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let outcome = pantry()
        .mode(mode)
        .given_command(write(""))
        .when(write("in silence"))
        .then_settled()
        .run();

    let warnings = outcome.warnings();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].law, Some(Law::SilentChange));
    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings[0], @r#"Keeper changed Label "l-1" and raised no event of it: whoever listens does not hear of it"#);
    }
}

#[test]
fn an_aggregate_that_raised_an_event_is_none() {
    let outcome = pantry().when(write("")).then_settled().run();

    assert_eq!(outcome.warnings(), []);
}

#[test]
fn an_event_that_is_raised_by_whoever_issued_the_command_counts() {
    let outcome = pantry().when(write("by another hand")).then_settled().run();

    assert_eq!(outcome.warnings(), []);
}

#[test]
fn a_report_tells_it() {
    let flow = pantry()
        .when(write("in silence"))
        .then_aggregate::<Label>("l-1")
        .has(|label| label.text == "fig");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Label "l-1" has      tests/laws/silent_change.rs:LINE

      expected  Label "l-1" for which the closure holds
      found     Label "l-1" { id: "l-1", text: "plum" }

    why    id was set last by Keeper on Write; the value comes from Keeper: it is the `label_id` of Write
           text was set last by Keeper on Write

    story   1 when   Write { label_id: "l-1", wrongly: "in silence" }  accepted
            2 then   Label "l-1" has                                   FAILED

    chain  Write                               Keeper  stored Label "l-1"   <- here

    warn   Keeper added Label "l-1" and raised no event of it: whoever listens does not hear of it

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn a_law_that_is_switched_off_gives_no_warning() {
    let outcome = pantry()
        .without_law(Law::SilentChange, "nobody listens to labels")
        .when(write("in silence"))
        .then_settled()
        .run();

    assert_eq!(outcome.warnings(), []);
}

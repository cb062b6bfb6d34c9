//! What was handled and then rolled back with the handler that issued it.

use crate::{
    fixture::{
        DispatchHandler, LabError, LabelHandler, PackHandler, dispatch, label, pack, parcels,
    },
    mismatch,
};

#[test]
fn a_command_that_is_issued_and_committed_is_handled() {
    parcels()
        .when(dispatch("sun"))
        .then_handled_by::<PackHandler>()
        .times(1)
        .then_handled_by::<LabelHandler>()
        .times(1)
        .then_commands((pack(), label()))
        .then_chain(["Dispatch", "Pack", "Label"])
        .run();
}

#[test]
fn what_was_rolled_back_with_a_refusal_is_not_handled() {
    let refused = || {
        parcels()
            .when(dispatch("fog"))
            .then_rejected(LabError("fog"))
    };

    refused().then_handled_by::<PackHandler>().times(0).run();

    let flow = refused().then_handled_by::<PackHandler>().times(1);
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PackHandler handles 1 message
    found     it handled nothing
              handled one, which was rolled back with DispatchHandler
    ");
    let flow = refused().then_handled_by::<DispatchHandler>();
    insta::assert_snapshot!(mismatch(flow), @r"
    expected  DispatchHandler handles something
    found     it handled nothing
              refused one: there was fog
    ");
}

#[test]
fn what_was_rolled_back_with_a_failure_is_not_handled() {
    let flow = parcels()
        .when(dispatch("rain"))
        .then_handler_failed::<DispatchHandler>(LabError("rain"))
        .then_handled_by::<PackHandler>();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PackHandler handles something
    found     it handled nothing
              handled one, which was rolled back with DispatchHandler
    ");
}

#[test]
fn what_was_rolled_back_two_levels_above_is_not_handled() {
    let flow = parcels()
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"))
        .then_handled_by::<LabelHandler>();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  LabelHandler handles something
    found     it handled nothing
              handled one, which was rolled back with DispatchHandler
    ");
}

#[test]
fn then_commands_are_none_that_were_rolled_back() {
    let refused = || {
        parcels()
            .when(dispatch("fog"))
            .then_rejected(LabError("fog"))
    };

    refused().then_commands(()).run();

    let flow = refused().then_commands((pack(), label()));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Pack, Label
    found     nothing
              missing      Pack { parcel_id: "parcel-1" }
              missing      Label { parcel_id: "parcel-1" }
              rolled back  Pack { parcel_id: "parcel-1" }, with DispatchHandler
              rolled back  Label { parcel_id: "parcel-1" }, with DispatchHandler
    "#);
}

#[test]
fn then_chain_goes_through_nothing_that_was_rolled_back() {
    let flow = parcels()
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"))
        .then_chain(["Dispatch", "Pack"]);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  Dispatch -> Pack
    found     Dispatch, which caused Pack, which was rolled back with DispatchHandler
    ");
}

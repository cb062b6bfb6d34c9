//! Commands that were handled and then rolled back with their issuer.

use crate::fixture::{
    DispatchHandler, LabError, LabelHandler, PackHandler, dispatch, label, mismatch, pack, parcels,
};
use flow_harness::expect;

#[test]
fn committed_command_is_handled() {
    parcels()
        .when(dispatch("sun"))
        .then_handled_by::<PackHandler>()
        .times(1)
        .then_handled_by::<LabelHandler>()
        .times(1)
        .then(expect::commands((pack(), label())))
        .then(expect::chain(["Dispatch", "Pack", "Label"]))
        .run();
}

#[test]
fn command_rolled_back_by_a_rejection_is_not_handled() {
    let rejected = || {
        parcels()
            .when(dispatch("fog"))
            .then_rejected(LabError("fog"))
    };

    rejected().then_handled_by::<PackHandler>().times(0).run();

    let flow = rejected().then_handled_by::<PackHandler>().times(1);
    insta::assert_snapshot!(mismatch(flow), @"
    expected  PackHandler handles 1 message
    found     it handled nothing
              its work on 1 message was rolled back because DispatchHandler did not succeed
    ");
    let flow = rejected().then_handled_by::<DispatchHandler>();
    insta::assert_snapshot!(mismatch(flow), @"
    expected  DispatchHandler handles at least 1 message
    found     it handled nothing
              rejected 1 message: there was fog
    ");
}

#[test]
fn command_rolled_back_by_a_failure_is_not_handled() {
    let flow = parcels()
        .when(dispatch("rain"))
        .then(expect::handler_failed::<DispatchHandler>(LabError("rain")))
        .then_handled_by::<PackHandler>();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  PackHandler handles at least 1 message
    found     it handled nothing
              its work on 1 message was rolled back because DispatchHandler did not succeed
    ");
}

#[test]
fn command_rolled_back_two_levels_above_is_not_handled() {
    let flow = parcels()
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"))
        .then_handled_by::<LabelHandler>();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  LabelHandler handles at least 1 message
    found     it handled nothing
              its work on 1 message was rolled back because DispatchHandler did not succeed
    ");
}

#[test]
fn then_commands_excludes_rolled_back_commands() {
    let rejected = || {
        parcels()
            .when(dispatch("fog"))
            .then_rejected(LabError("fog"))
    };

    rejected().then(expect::no_commands()).run();

    let flow = rejected().then(expect::commands((pack(), label())));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Pack, Label
    found     nothing
              missing      Pack { parcel_id: "parcel-1" }
              missing      Label { parcel_id: "parcel-1" }
              rolled back  Pack { parcel_id: "parcel-1" }, because DispatchHandler did not succeed
              rolled back  Label { parcel_id: "parcel-1" }, because DispatchHandler did not succeed
    "#);
}

#[test]
fn then_chain_excludes_rolled_back_messages() {
    let flow = parcels()
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"))
        .then(expect::chain(["Dispatch", "Pack"]));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  Dispatch -> Pack
    found     Dispatch, which caused Pack, which was rolled back because DispatchHandler did not succeed
    ");
}

//! Reports of a command that was handled and then rolled back, and of a handler that rejects an
//! event.

use crate::fixture::{LabError, PackHandler, dispatch, instructed, lab, parcels, report};

#[test]
fn nested_command_is_rolled_back_with_its_issuer() {
    let flow = parcels()
        .when(dispatch("fog"))
        .then_rejected(LabError("fog"))
        .then_handled_by::<PackHandler>()
        .times(1);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then handled by PackHandler, 1 message      tests/it/failure_reports/rolled_back.rs:LINE

      expected  PackHandler handles 1 message
      found     it handled nothing
                its work on 1 message was rolled back because DispatchHandler did not succeed

    why    the work of PackHandler on Pack was rolled back because DispatchHandler did not succeed on Dispatch: there was fog
    fix    check why DispatchHandler did not succeed: a unit of work is committed or rolled back as a whole

    story   1 when   Dispatch { parcel_id: "parcel-1", weather: "fog" }  REJECTED: there was fog
            2 then   rejected with LabError("fog")                       ok
            3 then   handled by PackHandler, 1 message                   FAILED

    chain  Dispatch                            DispatchHandler  REJECTED: there was fog   <- here
           └ Pack                              PackHandler  rolled back
             ├ Label                           LabelHandler  rolled back
             └ Packed                          rolled back

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn event_handler_rejection_is_a_failure() {
    let flow = lab().when_event(instructed("refuse")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then settled      tests/it/failure_reports/rolled_back.rs:LINE

      expected  the flow settles without problems
      found     Brittle failed on Instructed: there was doubt

    story   1 when   Instructed { instruction_id: "inst-1", what: "refuse" }  accepted, but a handler failed
            2 then   settled                                                  FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           REJECTED: there was doubt   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn nested_command_failure_is_one_failure() {
    let flow = parcels().when(dispatch("storm")).then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when Dispatch { parcel_id: "parcel-1", weather: "storm" }      tests/it/failure_reports/rolled_back.rs:LINE

      expected  no problem, or a `then` that covers it
      found     Dispatch failed: packing failed: there was a torn label
                If the test expects this, add `.then(expect::handler_failed::<DispatchHandler>(..))`

    why    PackHandler failed on Pack: packing failed: there was a torn label

    story   1 when   Dispatch { parcel_id: "parcel-1", weather: "storm" }  FAILED: packing failed: there was a torn label
            2 then   no events                                             ok

    chain  Dispatch                            DispatchHandler  FAILED: packing failed: there was a torn label
           └ Pack                              PackHandler  FAILED: packing failed: there was a torn label   <- here

    end    nothing pending · 1 handler failed
    "#);
}

//! Reports of mistakes in the test of a system.

use flow_harness::{at, fault};
use insta::assert_snapshot;

use crate::{
    fixture::report,
    own_system::{
        bank::{AccountCommand, AccountEvent, RewardEvent},
        flows::bank,
    },
};

#[test]
fn system_report_of_an_unknown_command() {
    let flow = bank().when(at("A-1", 5_u64)).then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then accepted      tests/it/own_system/mistakes.rs:LINE

      expected  u64 is accepted
      found     u64 failed: the system takes no u64: add `.command(..)` for it to the `SystemUnderTest`

    story   1 when   at("A-1", 5)  FAILED: the system takes no u64: add `.command(..)` for it to the `SystemUnderTest`
            2 then   accepted      FAILED

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_an_unknown_view() {
    let flow = bank()
        .when(at("A-1", AccountCommand::Open))
        .then_projection::<u32>("A-1")
        .is(4);

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then u32 "A-1" is      tests/it/own_system/mistakes.rs:LINE

      expected  u32 "A-1"
      found     the system has no u32: add `.view(..)` or `.aggregate(..)` for it to the `SystemUnderTest`

    story   1 when   at("A-1", Open)  accepted
            2 then   u32 "A-1" is     FAILED

    chain  Open                                accounts  returned
           └ Opened                            AccountEvent-A-1 @1
           statements                          returned
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn domain_refuses_an_addressed_message() {
    let flow = flow_harness::FlowHarness::new(shop::domain)
        .given_events(at("A-1", AccountEvent::Opened))
        .when_event(shop::StockReceived {
            product_id: "tea".into(),
            quantity: 1,
        })
        .then_settled();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: given events      tests/it/own_system/mistakes.rs:LINE

      expected  a value that can be given
      found     a message of a domain says itself which aggregate it is for: remove `at(..)`

      2 later steps were skipped

    story   1 given  events                                            FAILED
            2 when   StockReceived { product_id: "tea", quantity: 1 }  skipped
            3 then   settled                                           skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_given_events_without_a_history() {
    let flow = bank()
        .given_events(at("A-1", RewardEvent::Granted { points: 20 }))
        .when(at("A-1", AccountCommand::Open))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: given at("A-1", Granted { points: 20 })      tests/it/own_system/mistakes.rs:LINE

      expected  the given step runs without problems
      found     the system takes no RewardEvent: add `.history(..)` for it to the `SystemUnderTest`

      2 later steps were skipped

    story   1 given  at("A-1", Granted { points: 20 })  FAILED
            2 when   at("A-1", Open)                    skipped
            3 then   accepted                           skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_fault_at_an_unknown_component() {
    let flow = bank()
        .with_fault(fault::component("statement").fails("the disk is full"))
        .when(at("A-1", AccountCommand::Open))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: fault statement fails: the disk is full      tests/it/own_system/mistakes.rs:LINE

      expected  the component "statement"
      found     the system has only accounts, transfers, statements, rewards

      2 later steps were skipped

    story   1 fault  statement fails: the disk is full  FAILED
            2 when   at("A-1", Open)                    skipped
            3 then   accepted                           skipped

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_fault_that_does_not_happen() {
    let flow = bank()
        .with_fault(fault::component("transfers").fails("the line is cut"))
        .when(at("A-1", AccountCommand::Open))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: fault transfers fails: the line is cut      tests/it/own_system/mistakes.rs:LINE

      expected  the fault happens: transfers fails: the line is cut
      found     the run never reached the point of the fault

    story   1 fault  transfers fails: the line is cut  FAILED
            2 when   at("A-1", Open)                   accepted
            3 then   accepted                          ok

    chain  Open                                accounts  returned
           └ Opened                            AccountEvent-A-1 @1
           statements                          returned
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

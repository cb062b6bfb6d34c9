use flow_harness::at;
use insta::assert_snapshot;

use crate::own_system::{
    bank::{Account, AccountCommand, AccountEvent, Refused},
    flows::bank,
};

#[test]
fn system_report_of_a_wrong_event() {
    let failure = bank()
        .given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-1", AccountCommand::Deposit { cents: 20 }))
        .then_event(at("A-1", AccountEvent::Deposited { cents: 20, balance: 30 }))
        .try_run()
        .expect_err("the balance is 20");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_a_wrong_state() {
    let failure = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 30 })
        .try_run()
        .expect_err("the balance is 200");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_an_uncovered_rejection() {
    let failure = bank()
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_accepted()
        .try_run()
        .expect_err("it is not open");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_another_rejection() {
    let failure = bank()
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_rejected(Refused::TooLittleMoney { balance: 0 })
        .try_run()
        .expect_err("it is not open");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_an_unknown_command() {
    let failure = bank()
        .when(at("A-1", 5_u64))
        .then_accepted()
        .try_run()
        .expect_err("nothing takes a number");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_an_unknown_view() {
    let failure = bank()
        .when(at("A-1", AccountCommand::Open))
        .then_projection::<u32>("A-1")
        .is(4)
        .try_run()
        .expect_err("there is no such view");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_a_state_from_before() {
    let failure = bank()
        .given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-2", AccountCommand::Open))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 0 })
        .try_run()
        .expect_err("no act changed it");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn system_report_of_a_missing_state() {
    let failure = bank()
        .when(at("A-2", AccountCommand::Open))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 0 })
        .try_run()
        .expect_err("it does not exist");

    assert_snapshot!(failure.to_string(), @"");
}

#[test]
fn domain_refuses_an_addressed_message() {
    let failure = flow_harness::FlowHarness::new(shop::domain)
        .given_events(at("A-1", AccountEvent::Opened))
        .when_event(shop::StockReceived {
            product_id: "tea".into(),
            quantity: 1,
        })
        .then_settled()
        .try_run()
        .expect_err("a domain knows no such message");

    assert_snapshot!(failure.to_string(), @"");
}

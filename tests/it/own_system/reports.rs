use flow_harness::{at, expect};
use insta::assert_snapshot;

use crate::{
    fixture::{failure, mask_line_numbers, mismatch, report},
    own_system::{
        bank::{Account, AccountCommand, AccountEvent, Refused, RewardEvent, Statement},
        flows::bank,
    },
};

#[test]
fn system_report_of_a_wrong_event() {
    let flow = bank()
        .given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-1", AccountCommand::Deposit { cents: 20 }))
        .then_event(at(
            "A-1",
            AccountEvent::Deposited {
                cents: 20,
                balance: 30,
            },
        ));

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then event Deposited      tests/it/own_system/reports.rs:LINE

      expected  at("A-1", Deposited { cents: 20, balance: 30 })
      found     at("A-1", Deposited { cents: 20, balance: 20 })

    story   1 given  at("A-1", Opened)
            2 when   at("A-1", Deposit { cents: 20 })  accepted
            3 then   event Deposited                   FAILED

    chain  Deposit                             accounts  returned
           └ Deposited                         AccountEvent-A-1 @2
           statements                          returned
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_wrong_state() {
    let flow = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 30 });

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Account "A-1" is      tests/it/own_system/reports.rs:LINE

      expected  Account "A-1" Account { balance: 30 }
      found     Account "A-1" Account { balance: 200 }

    story   1 given  at("A-1", Open)
            2 when   at("A-1", Deposit { cents: 200 })  accepted
            3 then   Account "A-1" is                   FAILED

    chain  Deposit                             accounts  stored Account "A-1"
           └ Deposited                         AccountEvent-A-1 @2
           statements                          returned
           rewards                             returned
           └ Granted                           RewardEvent-A-1 @1

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_an_uncovered_rejection() {
    let flow = bank()
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then accepted      tests/it/own_system/reports.rs:LINE

      expected  Deposit is accepted
      found     Deposit was rejected: NotOpen

    story   1 when   at("A-1", Deposit { cents: 200 })  REJECTED: NotOpen
            2 then   accepted                           FAILED

    chain  Deposit                             accounts  REJECTED: NotOpen   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn system_report_of_another_rejection() {
    let flow = bank()
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_rejected(Refused::TooLittleMoney { balance: 0 });

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then rejected with TooLittleMoney { balance: 0 }      tests/it/own_system/reports.rs:LINE

      expected  Deposit is rejected with TooLittleMoney { balance: 0 }
      found     Deposit was rejected with NotOpen

    story   1 when   at("A-1", Deposit { cents: 200 })            REJECTED: NotOpen
            2 then   rejected with TooLittleMoney { balance: 0 }  FAILED

    chain  Deposit                             accounts  REJECTED: NotOpen   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn system_report_of_a_state_from_before() {
    let flow = bank()
        .given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-2", AccountCommand::Open))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 0 });

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Account "A-1" is      tests/it/own_system/reports.rs:LINE

      expected  Account "A-1", changed by an act
      found     the state is from before the first act, and no act changed it: the step would pass without any act
                If the test expects this, add `.unchanged()`

    story   1 given  at("A-1", Opened)
            2 when   at("A-2", Open)    accepted
            3 then   Account "A-1" is   FAILED

    chain  Open                                accounts  returned
           └ Opened                            AccountEvent-A-2 @1
           statements                          returned
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_missing_state() {
    let flow = bank()
        .when(at("A-2", AccountCommand::Open))
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 0 });

    assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Account "A-1" is      tests/it/own_system/reports.rs:LINE

      expected  Account "A-1"
      found     nothing with this id; the messages of the flow have only "A-2"

    story   1 when   at("A-2", Open)   accepted
            2 then   Account "A-1" is  FAILED

    chain  Open                                accounts  returned
           └ Opened                            AccountEvent-A-2 @1
           statements                          returned
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_changed_state() {
    let flow = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_aggregate::<Account>("A-1")
        .unchanged();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Account "A-1" unchanged      tests/it/own_system/reports.rs:LINE

      expected  Account "A-1" Account { balance: 0 }, as before the last act
      found     Account "A-1" Account { balance: 200 }

    story   1 given  at("A-1", Open)
            2 when   at("A-1", Deposit { cents: 200 })  accepted
            3 then   Account "A-1" unchanged            FAILED

    chain  Deposit                             accounts  stored Account "A-1"
           └ Deposited                         AccountEvent-A-1 @2
           statements                          returned
           rewards                             returned
           └ Granted                           RewardEvent-A-1 @1

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_events_in_another_order() {
    let flow = bank()
        .shuffle_workers(7)
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_events((
            at("A-1", RewardEvent::Granted { points: 20 }),
            at(
                "A-2",
                AccountEvent::Deposited {
                    cents: 200,
                    balance: 200,
                },
            ),
        ));

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events Granted, Deposited      tests/it/own_system/reports.rs:LINE

      expected  Granted, Deposited
      found     Deposited, Granted
                unexpected   at("A-1", Deposited { cents: 200, balance: 200 })
                as expected  Granted
                missing      at("A-2", Deposited { cents: 200, balance: 200 })

    story   1 given  at("A-1", Open)
            2 when   at("A-1", Deposit { cents: 200 })  accepted
            3 then   events Granted, Deposited          FAILED

    chain  Deposit                             accounts  returned
           └ Deposited                         AccountEvent-A-1 @2
           rewards                             returned
           └ Granted                           RewardEvent-A-1 @1
           statements                          returned

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn system_report_of_a_given_command_that_fails() {
    let flow = bank()
        .given_command(at("ledger-is-down", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Open))
        .then_accepted();

    assert_snapshot!(report(flow), @r#"
    flow failed at step 1: given at("ledger-is-down", Open)      tests/it/own_system/reports.rs:LINE

      expected  the given step runs without problems
      found     the call failed: LedgerIsDown

      2 later steps were skipped

    why    accounts failed on Open: the call failed: LedgerIsDown

    story   1 given  at("ledger-is-down", Open)  FAILED
            2 when   at("A-1", Open)             skipped
            3 then   accepted                    skipped

    chain  Open                                accounts  FAILED: the call failed: LedgerIsDown   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn system_report_of_a_list_with_a_wrong_value() {
    let flow = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 20 }))
        .then_events(at(
            "A-1",
            AccountEvent::Deposited {
                cents: 20,
                balance: 21,
            },
        ));

    assert_snapshot!(mismatch(flow), @r#"
    expected  Deposited
    found     Deposited
              differs      Deposited
                           expected at("A-1", Deposited { cents: 20, balance: 21 })
                           found    at("A-1", Deposited { cents: 20, balance: 20 })
    "#);
}

#[test]
fn system_report_of_an_event_that_must_not_be() {
    let flow = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_no_event::<RewardEvent>()
        .then_event_matching(|id, _: &RewardEvent| id == "A-2");

    let text = mask_line_numbers(&failure(flow).to_string());
    let lines: Vec<&str> = text.lines().take(8).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    flow failed at step 3: then no event RewardEvent      tests/it/own_system/reports.rs:LINE

      expected  no RewardEvent
      found     at("A-1", Granted { points: 20 })

    and at step 4: then event RewardEvent that matches      tests/it/own_system/reports.rs:LINE

      expected  a RewardEvent for which the closure returns true
    "#);
}

#[test]
fn system_report_of_wrong_rows() {
    let flow = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-2", AccountCommand::Open))
        .then(expect::rows::<Statement>().all(|row| row.lines.is_empty()));

    assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then rows of Statement all      tests/it/own_system/reports.rs:LINE

      expected  only rows of Statement for which the closure returns true
      found     Statement { lines: ["Opened"] }

    story   1 given  at("A-1", Open)
            2 when   at("A-2", Open)        accepted
            3 then   rows of Statement all  FAILED

    chain  Open                                accounts  returned
           └ Opened                            AccountEvent-A-2 @1
           statements                          wrote Statement "A-2"
           rewards                             returned

    end    nothing pending · no handlers failed
    "#);
}

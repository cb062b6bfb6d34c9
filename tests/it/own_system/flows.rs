use flow_harness::{
    CommittedEvents, SystemHarness, SystemUnderTest, WorkerStep, at, expect, fault,
};

use crate::{
    fixture::mask_line_numbers,
    own_system::bank::{
        Account, AccountCommand, AccountEvent, Bank, BankEvent, MoneyReceived, Refused,
        RewardEvent, Statement,
    },
};

pub(super) fn bank() -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("bank", |events: CommittedEvents| async move {
            Bank::new(move |id, event| match event.clone() {
                BankEvent::Account(event) => events.add(id, event),
                BankEvent::Reward(event) => events.add(id, event),
            })
        })
        .command("accounts", |bank, id, command| async move {
            bank.execute(&id, command).await
        })
        .inbound_event(
            "transfers",
            |bank, id, received: MoneyReceived| async move {
                let MoneyReceived { cents } = received;
                bank.execute(&id, AccountCommand::Deposit { cents }).await
            },
        )
        .failures(|refused| matches!(refused, Refused::LedgerIsDown))
        .history(|bank, id, events| async move {
            bank.import(&id, events);
            Ok::<(), Refused>(())
        })
        .aggregate(|bank, id| async move { bank.account(&id) })
        .view(|bank, id| async move { bank.statement(&id) })
        .view_list(|bank| async move { bank.statements() })
        .worker(
            "statements",
            |bank| async move { step(bank.write_statement()) },
        )
        .worker("rewards", |bank| async move { step(bank.grant_reward()) }),
    )
}

fn step(has_worked: bool) -> WorkerStep {
    if has_worked {
        WorkerStep::Worked
    } else {
        WorkerStep::Idle
    }
}

#[test]
fn system_flow_runs_commands_workers_and_views() {
    bank()
        .given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
        .then_events((
            at(
                "A-1",
                AccountEvent::Deposited {
                    cents: 200,
                    balance: 200,
                },
            ),
            at("A-1", RewardEvent::Granted { points: 20 }),
        ))
        .then_reply(200_u64)
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 200 })
        .then_projection::<Statement>("A-1")
        .has(|statement| statement.lines.len() == 2)
        .when(at("A-1", AccountCommand::Withdraw { cents: 500 }))
        .then_rejected(Refused::TooLittleMoney { balance: 200 })
        .then_aggregate::<Account>("A-1")
        .unchanged()
        .run();
}

#[tokio::test]
async fn system_flow_runs_in_an_async_test() {
    bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when_event(at("A-1", MoneyReceived { cents: 5 }))
        .then_event(at(
            "A-1",
            AccountEvent::Deposited {
                cents: 5,
                balance: 5,
            },
        ))
        .await;
}

#[test]
fn system_flow_builds_a_command_from_a_reply() {
    let outcome = bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 70 }))
        .then_accepted()
        .when_with(|outcome| {
            let cents = *outcome.reply::<u64>().expect("the balance");
            at("A-1", AccountCommand::Withdraw { cents })
        })
        .then_aggregate::<Account>("A-1")
        .is(Account { balance: 0 })
        .run();

    let bank = outcome.resource::<Bank>();
    assert_eq!(bank.account("A-1"), Some(Account { balance: 0 }));
}

#[test]
fn system_error_can_be_a_failure() {
    bank()
        .when(at("ledger-is-down", AccountCommand::Open))
        .then(expect::component_failed("accounts", "LedgerIsDown"))
        .run();
}

#[test]
fn system_workers_run_in_any_order() {
    for seed in 0..20 {
        bank()
            .shuffle_workers(seed)
            .given_command(at("A-1", AccountCommand::Open))
            .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
            .then_event(at("A-1", RewardEvent::Granted { points: 20 }))
            .then_projection::<Statement>("A-1")
            .has(|statement| statement.lines.len() == 2)
            .run();
    }
}

#[test]
fn system_record_is_the_same_in_each_run() {
    let record = || {
        let outcome = bank()
            .given_command(at("A-1", AccountCommand::Open))
            .when(at("A-1", AccountCommand::Deposit { cents: 200 }))
            .then_settled()
            .run();
        outcome.record().to_string()
    };

    assert_eq!(record(), record());
}

#[test]
fn system_that_reports_no_event_gives_a_warning() {
    let silent = SystemUnderTest::new("silent", |_| async {})
        .command("accounts", |_, _, _: AccountCommand| async {
            Ok::<(), Refused>(())
        });
    let outcome = SystemHarness::new(silent)
        .when(at("A-1", AccountCommand::Open))
        .then_no_events()
        .run();

    let [warning] = &*outcome.warnings() else {
        panic!("{:?}", outcome.warnings());
    };
    insta::assert_snapshot!(mask_line_numbers(&warning.to_string()), @"tests/it/own_system/flows.rs:LINE: the system reports no events, so this expectation cannot fail here. Pass each event that it commits to `CommittedEvents::add`, or describe an `.event_log(..)`");
}

#[test]
fn system_worker_that_was_down_catches_up() {
    bank()
        .given_command(at("A-1", AccountCommand::Open))
        .with_fault(fault::component("statements").fails("the disk is full"))
        .when(at("A-1", AccountCommand::Deposit { cents: 7 }))
        .then(expect::component_failed("statements", "the disk is full"))
        .then_projection::<Statement>("A-1")
        .unchanged()
        .when(at("A-1", AccountCommand::Deposit { cents: 8 }))
        .then_projection::<Statement>("A-1")
        .has(|statement| statement.lines.len() == 3)
        .run();
}

#[test]
fn system_events_and_rejections_can_be_matched() {
    bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Deposit { cents: 7 }))
        .then_event_matching(|id, event| {
            id == "A-1" && matches!(event, AccountEvent::Deposited { balance: 7, .. })
        })
        .then_no_event::<RewardEvent>()
        .when(at("A-1", AccountCommand::Withdraw { cents: 9 }))
        .then_rejected_matching(|refused| matches!(refused, Refused::TooLittleMoney { .. }))
        .then_system(|bank: &Bank| bank.account("A-1").is_some())
        .run();
}

#[test]
fn system_rows_are_expected_together() {
    bank()
        .given_command(at("A-1", AccountCommand::Open))
        .when(at("A-2", AccountCommand::Open))
        .then(expect::rows::<Statement>().count(2))
        .then_projection::<Statement>("A-2")
        .has(|statement| statement.lines.len() == 1)
        .when(at("A-1", AccountCommand::Withdraw { cents: 5 }))
        .then_rejected(Refused::TooLittleMoney { balance: 0 })
        .then(expect::rows::<Statement>().unchanged())
        .run();
}

use flow_harness::{CommittedEvents, SystemHarness, SystemUnderTest, WorkerStep, at};

use crate::own_system::bank::{
    Account, AccountCommand, AccountEvent, Bank, BankEvent, Refused, RewardEvent, Statement,
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
        .history(|bank, id, events| async move {
            bank.import(&id, events);
            Ok::<(), Refused>(())
        })
        .aggregate(|bank, id| async move { bank.account(&id) })
        .view(|bank, id| async move { bank.statement(&id) })
        .worker("statements", |bank| async move { step(bank.write_statement()) })
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
            at("A-1", AccountEvent::Deposited { cents: 200, balance: 200 }),
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

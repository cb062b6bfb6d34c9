//! The flows of a bank that is built on `cqrs-es`.

mod production;

use std::sync::Arc;

use cqrs_es::CqrsFramework;
use flow_harness::{CommittedEvents, SystemHarness, SystemUnderTest, WorkerStep, at};
use flow_harness_cqrs_es::{MemoryStore, RecordedStore, SharedQuery, execute};
use production::{
    Account, AccountCommand, AccountError, AccountEvent, Balances, GrantPoints, PointsGranted,
    RewardDeposits, Rewards, Statement, Statements, accounts,
};
use rstest::{fixture, rstest};

type Store<A> = RecordedStore<MemoryStore<A>>;

/// What a run starts: two frameworks and their read models.
struct Bank {
    accounts: CqrsFramework<Account, Store<Account>>,
    rewards: Arc<CqrsFramework<Rewards, Store<Rewards>>>,
    store: Store<Account>,
    balances: Arc<Balances>,
    statements: Arc<Statements>,
}

impl Bank {
    fn start(events: CommittedEvents) -> Self {
        let store = RecordedStore::new(MemoryStore::default(), events.clone());
        let (balances, statements) = (Arc::<Balances>::default(), Arc::<Statements>::default());
        let rewards = Arc::new(CqrsFramework::new(
            RecordedStore::new(MemoryStore::default(), events),
            vec![],
            (),
        ));
        let queries: Vec<Box<dyn cqrs_es::Query<Account>>> = vec![
            Box::new(SharedQuery(Arc::clone(&balances))),
            Box::new(SharedQuery(Arc::clone(&statements))),
            Box::new(RewardDeposits(Arc::clone(&rewards))),
        ];

        Self {
            accounts: accounts(store.clone(), queries),
            rewards,
            store,
            balances,
            statements,
        }
    }
}

#[fixture]
fn bank() -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("bank", |events| async { Bank::start(events) })
            .fallible_command("accounts", |bank, id, command| async move {
                execute(&bank.accounts, &id, command).await
            })
            .fallible_command("rewards", |bank, id, command| async move {
                execute(&bank.rewards, &id, command).await
            })
            .history(|bank, id, events| async move {
                let read_models: [&dyn cqrs_es::Query<Account>; 2] =
                    [&*bank.balances, &*bank.statements];
                bank.store.put_history(&id, events, &read_models).await
            })
            .view(|bank, id| async move { bank.balances.of(&id) })
            .view(|bank, id| async move { bank.statements.of(&id) })
            .worker("statements", |bank| async move {
                if bank.statements.write_line() {
                    WorkerStep::Worked
                } else {
                    WorkerStep::Idle
                }
            }),
    )
}

fn deposit(cents: u64) -> AccountCommand {
    AccountCommand::Deposit { cents }
}

#[rstest]
fn large_deposit_earns_points(bank: SystemHarness) {
    bank.given_events(at("A-1", AccountEvent::Opened))
        .when(at("A-1", deposit(200)))
        .then_events((
            at(
                "A-1",
                AccountEvent::Deposited {
                    cents: 200,
                    balance: 200,
                },
            ),
            at(
                "A-1",
                PointsGranted {
                    points: 20,
                    total: 20,
                },
            ),
        ))
        .then_projection::<u64>("A-1")
        .is(200)
        .then_projection::<Statement>("A-1")
        .is(Statement { n_lines: 2 })
        .when(at("A-1", AccountCommand::Withdraw { cents: 50 }))
        .then_event(at(
            "A-1",
            AccountEvent::Withdrawn {
                cents: 50,
                balance: 150,
            },
        ))
        .then_projection::<u64>("A-1")
        .is(150)
        .run();
}

#[rstest]
fn rejection_is_the_error_of_the_aggregate(bank: SystemHarness) {
    bank.given_command(at("A-1", AccountCommand::Open))
        .when(at("A-1", AccountCommand::Withdraw { cents: 5 }))
        .then_rejected(AccountError::TooLittleMoney { balance: 0 })
        .then_no_events()
        .then_projection::<u64>("A-1")
        .unchanged()
        .when(at("A-2", deposit(5)))
        .then_rejected(AccountError::NotOpen)
        .run();
}

#[rstest]
#[tokio::test]
async fn aggregates_are_tested_side_by_side(bank: SystemHarness) {
    bank.given_command(at("A-1", GrantPoints { points: 1 }))
        .when(at("A-1", GrantPoints { points: 2 }))
        .then_events(at(
            "A-1",
            PointsGranted {
                points: 2,
                total: 3,
            },
        ))
        .await;
}

#[rstest]
fn wrong_balance_is_explained(bank: SystemHarness) {
    let failure = bank
        .given_events([
            at("A-1", AccountEvent::Opened),
            at(
                "A-1",
                AccountEvent::Deposited {
                    cents: 10,
                    balance: 10,
                },
            ),
        ])
        .when(at("A-1", deposit(200)))
        .then_projection::<u64>("A-1")
        .is(200)
        .try_run()
        .expect_err("the balance is 210");

    let report = failure.to_string();
    let (report, _) = report.split_once("\nrerun").expect("a hint");
    let (_, report) = report.split_once('\n').expect("the line of the test");
    insta::assert_snapshot!(report, @r#"

      expected  u64 "A-1" 200
      found     u64 "A-1" 210

    story   1 given  at("A-1", Opened), at("A-1", Deposited { cents: 10, balance: 10 })
            2 when   at("A-1", Deposit { cents: 200 })                                   accepted
            3 then   u64 "A-1" is                                                        FAILED

    chain  Deposit                             accounts  wrote u64 "A-1"
           ├ Deposited                         AccountEvent-A-1 @3
           └ PointsGranted                     PointsGranted-A-1 @1
           statements                          returned

    end    nothing pending · no handlers failed
    "#);
}

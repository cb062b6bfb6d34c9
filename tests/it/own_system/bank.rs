//! A bank, written by hand: nothing in it knows the harness.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

#[derive(Debug)]
pub(crate) enum AccountCommand {
    Open,
    Deposit { cents: u64 },
    Withdraw { cents: u64 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AccountEvent {
    Opened,
    Deposited { cents: u64, balance: u64 },
    Withdrawn { cents: u64, balance: u64 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RewardEvent {
    Granted { points: u64 },
}

/// Another bank sends money.
#[derive(Debug, PartialEq)]
pub(crate) struct MoneyReceived {
    pub(crate) cents: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    NotOpen,
    LedgerIsDown,
    TooLittleMoney { balance: u64 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) balance: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) lines: Vec<String>,
}

type Listener = Box<dyn Fn(&str, &BankEvent) + Send + Sync>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BankEvent {
    Account(AccountEvent),
    Reward(RewardEvent),
}

/// A service with an event log, two queues and a read model.
pub(crate) struct Bank {
    state: Mutex<State>,
    on_commit: Listener,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    for_statements: VecDeque<(String, AccountEvent)>,
    for_rewards: VecDeque<(String, AccountEvent)>,
    statements: BTreeMap<String, Statement>,
}

impl Bank {
    pub(crate) fn new(on_commit: impl Fn(&str, &BankEvent) + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::default(),
            on_commit: Box::new(on_commit),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn execute(&self, id: &str, command: AccountCommand) -> Result<u64, Refused> {
        let account = self.lock().accounts.get(id).cloned();
        if id == "ledger-is-down" {
            return Err(Refused::LedgerIsDown);
        }

        let event = match (command, account) {
            (AccountCommand::Open, _) => AccountEvent::Opened,
            (_, None) => return Err(Refused::NotOpen),
            (AccountCommand::Deposit { cents }, Some(Account { balance })) => {
                AccountEvent::Deposited {
                    cents,
                    balance: balance + cents,
                }
            }
            (AccountCommand::Withdraw { cents }, Some(Account { balance })) => {
                match balance.checked_sub(cents) {
                    Some(balance) => AccountEvent::Withdrawn { cents, balance },
                    None => return Err(Refused::TooLittleMoney { balance }),
                }
            }
        };

        self.commit(id, event);
        Ok(self.balance(id).unwrap_or_default())
    }

    /// Appends an event that happened before this program started.
    pub(crate) fn import(&self, id: &str, events: Vec<AccountEvent>) {
        for event in events {
            self.commit(id, event);
        }
    }

    fn commit(&self, id: &str, event: AccountEvent) {
        let balance = match &event {
            AccountEvent::Opened => 0,
            AccountEvent::Deposited { balance, .. } | AccountEvent::Withdrawn { balance, .. } => {
                *balance
            }
        };

        let mut state = self.lock();
        state.accounts.insert(id.to_owned(), Account { balance });
        state
            .for_statements
            .push_back((id.to_owned(), event.clone()));
        state.for_rewards.push_back((id.to_owned(), event.clone()));
        drop(state);

        (self.on_commit)(id, &BankEvent::Account(event));
    }

    pub(crate) fn account(&self, id: &str) -> Option<Account> {
        self.lock().accounts.get(id).cloned()
    }

    fn balance(&self, id: &str) -> Option<u64> {
        self.account(id).map(|account| account.balance)
    }

    pub(crate) fn statement(&self, id: &str) -> Option<Statement> {
        self.lock().statements.get(id).cloned()
    }

    pub(crate) fn statements(&self) -> Vec<(String, Statement)> {
        let state = self.lock();
        let rows = state.statements.iter();
        rows.map(|(id, row)| (id.clone(), row.clone())).collect()
    }

    /// Writes the next line of a statement. Returns false if there is nothing to write.
    pub(crate) fn write_statement(&self) -> bool {
        let mut state = self.lock();
        let Some((id, event)) = state.for_statements.pop_front() else {
            return false;
        };

        let statement = state
            .statements
            .entry(id)
            .or_insert(Statement { lines: Vec::new() });
        statement.lines.push(format!("{event:?}"));
        true
    }

    /// Grants points for the next large deposit. Returns false if there is nothing to look at.
    pub(crate) fn grant_reward(&self) -> bool {
        let Some((id, event)) = self.lock().for_rewards.pop_front() else {
            return false;
        };

        if let AccountEvent::Deposited { cents, .. } = event
            && 100 <= cents
        {
            let points = cents / 10;
            (self.on_commit)(&id, &BankEvent::Reward(RewardEvent::Granted { points }));
        }
        true
    }
}

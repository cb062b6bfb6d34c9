//! A bank on `cqrs-es`, as production has it: nothing in it knows the harness.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use cqrs_es::{
    Aggregate, CqrsFramework, DomainEvent, EventEnvelope, EventStore, Query, event_sink::EventSink,
};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(crate) enum AccountCommand {
    Open,
    Deposit { cents: u64 },
    Withdraw { cents: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Opened,
    Deposited { cents: u64, balance: u64 },
    Withdrawn { cents: u64, balance: u64 },
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("the account is not open")]
    NotOpen,
    #[error("only {balance} cents are left")]
    TooLittleMoney { balance: u64 },
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    is_open: bool,
    balance: u64,
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        "AccountEvent".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;
    type Services = ();

    async fn handle(
        &mut self,
        command: AccountCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), AccountError> {
        let event = match command {
            AccountCommand::Open => AccountEvent::Opened,
            _ if !self.is_open => return Err(AccountError::NotOpen),
            AccountCommand::Deposit { cents } => AccountEvent::Deposited {
                cents,
                balance: self.balance + cents,
            },
            AccountCommand::Withdraw { cents } => AccountEvent::Withdrawn {
                cents,
                balance: self
                    .balance
                    .checked_sub(cents)
                    .ok_or(AccountError::TooLittleMoney {
                        balance: self.balance,
                    })?,
            },
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Opened => self.is_open = true,
            AccountEvent::Deposited { balance, .. } | AccountEvent::Withdrawn { balance, .. } => {
                self.balance = balance;
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct GrantPoints {
    pub(crate) points: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PointsGranted {
    pub(crate) points: u64,
    pub(crate) total: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("points are never refused")]
pub(crate) struct NeverRefused;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rewards {
    total: u64,
}

impl DomainEvent for PointsGranted {
    fn event_type(&self) -> String {
        "PointsGranted".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Rewards {
    const TYPE: &'static str = "rewards";
    type Command = GrantPoints;
    type Event = PointsGranted;
    type Error = NeverRefused;
    type Services = ();

    async fn handle(
        &mut self,
        GrantPoints { points }: GrantPoints,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), NeverRefused> {
        let total = self.total + points;
        sink.write(PointsGranted { points, total }, self).await;
        Ok(())
    }

    fn apply(&mut self, event: PointsGranted) {
        self.total = event.total;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A read model that is updated inline.
#[derive(Debug, Default)]
pub(crate) struct Balances(Mutex<BTreeMap<String, u64>>);

impl Balances {
    pub(crate) fn of(&self, account: &str) -> Option<u64> {
        lock(&self.0).get(account).copied()
    }
}

#[async_trait]
impl Query<Account> for Balances {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Account>]) {
        for event in events {
            let balance = match event.payload {
                AccountEvent::Opened => 0,
                AccountEvent::Deposited { balance, .. }
                | AccountEvent::Withdrawn { balance, .. } => balance,
            };
            lock(&self.0).insert(id.to_owned(), balance);
        }
    }
}

/// A row of the read model that is updated later.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) n_lines: usize,
}

/// A read model that a worker updates from a queue.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    queue: Mutex<VecDeque<String>>,
    rows: Mutex<BTreeMap<String, Statement>>,
}

impl Statements {
    pub(crate) fn of(&self, account: &str) -> Option<Statement> {
        lock(&self.rows).get(account).cloned()
    }

    /// Writes one line. Returns false if the queue is empty.
    pub(crate) fn write_line(&self) -> bool {
        let Some(account) = lock(&self.queue).pop_front() else {
            return false;
        };
        lock(&self.rows).entry(account).or_default().n_lines += 1;
        true
    }
}

#[async_trait]
impl Query<Account> for Statements {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Account>]) {
        for _ in events {
            lock(&self.queue).push_back(id.to_owned());
        }
    }
}

/// A process manager: a large deposit earns points.
pub(crate) struct RewardDeposits<ES: EventStore<Rewards>>(
    pub(crate) Arc<CqrsFramework<Rewards, ES>>,
);

#[async_trait]
impl<ES: EventStore<Rewards> + 'static> Query<Account> for RewardDeposits<ES>
where
    ES::AC: Send,
{
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Account>]) {
        for event in events {
            if let AccountEvent::Deposited { cents, .. } = event.payload
                && 100 <= cents
            {
                let points = cents / 10;
                let granted = self.0.execute(id, GrantPoints { points }).await;
                granted.expect("points are never refused");
            }
        }
    }
}

/// Builds the framework of the accounts, on any store.
pub(crate) fn accounts<ES: EventStore<Account>>(
    store: ES,
    queries: Vec<Box<dyn Query<Account>>>,
) -> CqrsFramework<Account, ES> {
    CqrsFramework::new(store, queries, ())
}

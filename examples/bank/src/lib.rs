//! A small bank, for the examples and tests of flow-harness.
//!
//! An [`Account`] is event-sourced. Money is deposited and withdrawn in cents, down to an overdraft
//! limit. An invalid command is rejected with an [`AccountError`]. The events of daily use are one
//! enum, [`AccountEvent`]; each variant is an event of its own.
//!
//! A [`Transfer`] moves money between two accounts. No unit of work spans both accounts. Instead a
//! process manager, [`TransferProcess`], takes one step at each event. It refunds the source account
//! if the target account rejects the money.
//!
//! ```text
//! TransferRequested ─ WithdrawForTransfer ─┬─ TransferWithdrawn ─ DepositForTransfer ─┬─ TransferDeposited ─ CompleteTransfer
//!                                          │                                          └─ rejected: RefundTransfer
//!                                          └─ rejected: FailTransfer                     TransferRefunded ─ FailTransfer
//! ```
//!
//! There are two projections: the [`Balance`] of an account and its [`Statement`].
//!
//! # Examples
//!
//! ```
//! use bank::{AccountError, Balance, Deposit, OpenAccount, Withdraw};
//! use flow_domain::{App, adapter::memory::MemoryStore};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let app = App::builder(bank::domain()?).store(MemoryStore::default()).start();
//! let account_id = || "acc-1".to_owned();
//! app.process(OpenAccount { account_id: account_id(), owner: "Ada".into(), overdraft_limit_cents: 50 }).await?;
//! app.process(Deposit { account_id: account_id(), amount_cents: 100 }).await?;
//!
//! let err = app.process(Withdraw { account_id: account_id(), amount_cents: 151 }).await.unwrap_err();
//! assert_eq!(err.rejection(), Some(&AccountError::InsufficientFunds { available_cents: 150 }));
//!
//! let balance = app.view::<Balance>().get("acc-1").await?;
//! assert_eq!(balance.map(|row| row.balance_cents), Some(100));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod account;
mod account_error;
mod balance;
mod commands;
mod domain;
mod events;
mod handlers;
mod statement;
mod transfer;
mod transfer_process;

pub use account::Account;
pub use account_error::AccountError;
pub use balance::{Balance, BalanceProjector};
pub use commands::{
    CloseAccount, CompleteTransfer, Deposit, DepositForTransfer, FailTransfer, OpenAccount,
    RefundTransfer, RequestTransfer, Withdraw, WithdrawForTransfer,
};
pub use domain::domain;
pub use events::{
    AccountEvent, TransferCompleted, TransferDeposited, TransferFailed, TransferRefunded,
    TransferRequested, TransferWithdrawn,
};
pub use handlers::{AccountCommandHandler, TransferCommandHandler};
pub use statement::{LineKind, Statement, StatementLine, StatementProjector};
pub use transfer::{Transfer, TransferError, TransferStatus};
pub use transfer_process::{TransferProcess, TransferStep};

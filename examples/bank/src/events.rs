use flow_domain::Event;
use serde::{Deserialize, Serialize};

use crate::{Account, Transfer};

/// What happens to an account by itself. Each variant is an event of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub enum AccountEvent {
    /// The account was opened.
    AccountOpened {
        /// The account.
        account_id: String,
        /// Whose it is.
        owner: String,
        /// How far below zero its balance may go.
        overdraft_limit_cents: u64,
    },
    /// Money was paid in.
    Deposited {
        /// The account.
        account_id: String,
        /// How much.
        amount_cents: u64,
    },
    /// Money was taken out.
    Withdrawn {
        /// The account.
        account_id: String,
        /// How much.
        amount_cents: u64,
    },
    /// The account was closed.
    AccountClosed {
        /// The account.
        account_id: String,
    },
}

// The events of a transfer are structs: the process manager names a method, and a key, for each.

/// The money of a transfer left its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferWithdrawn {
    /// The source.
    pub account_id: String,
    /// The transfer.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// The money of a transfer reached its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferDeposited {
    /// The target.
    pub account_id: String,
    /// The transfer.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// The money of a transfer came back to its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferRefunded {
    /// The source.
    pub account_id: String,
    /// The transfer.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// A transfer was asked for; no money has moved yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferRequested {
    /// The transfer.
    pub transfer_id: String,
    /// The account that gives the money.
    pub from_account_id: String,
    /// The account that gets it.
    pub to_account_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// The transfer went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferCompleted {
    /// The transfer.
    pub transfer_id: String,
}

/// The transfer did not go through; no money is missing anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferFailed {
    /// The transfer.
    pub transfer_id: String,
    /// What the account that refused said.
    pub reason: String,
}

use flow_domain::Event;
use serde::{Deserialize, Serialize};

use crate::{Account, Transfer};

/// The events of an account that belong to no transfer. Each variant is an event of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub enum AccountEvent {
    /// The account was opened.
    AccountOpened {
        /// The id of the account.
        account_id: String,
        /// The name of the owner.
        owner: String,
        /// How far the balance may go below zero.
        overdraft_limit_cents: u64,
    },
    /// Money was deposited.
    Deposited {
        /// The id of the account.
        account_id: String,
        /// The amount.
        amount_cents: u64,
    },
    /// Money was withdrawn.
    Withdrawn {
        /// The id of the account.
        account_id: String,
        /// The amount.
        amount_cents: u64,
    },
    /// The account was closed.
    AccountClosed {
        /// The id of the account.
        account_id: String,
    },
}

// The events of a transfer are structs, because the process manager handles each in its own method.

/// The money of a transfer left the source account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferWithdrawn {
    /// The id of the source account.
    pub account_id: String,
    /// The id of the transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// The money of a transfer reached the target account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferDeposited {
    /// The id of the target account.
    pub account_id: String,
    /// The id of the transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// The money of a transfer was returned to the source account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
pub struct TransferRefunded {
    /// The id of the source account.
    pub account_id: String,
    /// The id of the transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// A transfer was requested; no money has moved yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferRequested {
    /// The id of the transfer.
    pub transfer_id: String,
    /// The id of the source account.
    pub from_account_id: String,
    /// The id of the target account.
    pub to_account_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// The transfer was completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferCompleted {
    /// The id of the transfer.
    pub transfer_id: String,
}

/// The transfer failed; all its money is back in the source account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(part_of = Transfer, id = transfer_id)]
pub struct TransferFailed {
    /// The id of the transfer.
    pub transfer_id: String,
    /// The reason why an account rejected the transfer.
    pub reason: String,
}

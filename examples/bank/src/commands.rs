use flow_domain::Command;
use serde::{Deserialize, Serialize};

use crate::{Account, Transfer};

/// Opens an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct OpenAccount {
    /// The new account.
    pub account_id: String,
    /// Whose it is.
    pub owner: String,
    /// How far below zero its balance may go.
    pub overdraft_limit_cents: u64,
}

/// Pays money in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct Deposit {
    /// The account that gets it.
    pub account_id: String,
    /// How much; zero is refused.
    pub amount_cents: u64,
}

/// Takes money out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct Withdraw {
    /// The account that gives it.
    pub account_id: String,
    /// How much; zero, and more than is available, is refused.
    pub amount_cents: u64,
}

/// Closes an account whose balance is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct CloseAccount {
    /// The account to close.
    pub account_id: String,
}

/// Takes the money of a transfer from its source; refused like [`Withdraw`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct WithdrawForTransfer {
    /// The source.
    pub account_id: String,
    /// The transfer that the money is for.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// Pays the money of a transfer into its target; refused like [`Deposit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct DepositForTransfer {
    /// The target.
    pub account_id: String,
    /// The transfer that the money is from.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// Gives the money of a transfer back to its source.
///
/// The source takes it even if it was closed meanwhile: the money is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct RefundTransfer {
    /// The source.
    pub account_id: String,
    /// The transfer that did not go through.
    pub transfer_id: String,
    /// How much.
    pub amount_cents: u64,
}

/// Asks for money to be moved from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct RequestTransfer {
    /// The new transfer.
    pub transfer_id: String,
    /// The account that gives the money.
    pub from_account_id: String,
    /// The account that gets it.
    pub to_account_id: String,
    /// How much; zero is refused.
    pub amount_cents: u64,
}

/// Ends a transfer whose money has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct CompleteTransfer {
    /// The transfer.
    pub transfer_id: String,
}

/// Ends a transfer that did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct FailTransfer {
    /// The transfer.
    pub transfer_id: String,
    /// What the account that refused said.
    pub reason: String,
}

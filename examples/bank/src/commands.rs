use flow_domain::Command;
use serde::{Deserialize, Serialize};

use crate::{Account, Transfer};

/// Opens an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct OpenAccount {
    /// The id of the new account.
    pub account_id: String,
    /// The name of the owner.
    pub owner: String,
    /// How far the balance may go below zero.
    pub overdraft_limit_cents: u64,
}

/// Deposits money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct Deposit {
    /// The id of the account.
    pub account_id: String,
    /// The amount; zero is rejected.
    pub amount_cents: u64,
}

/// Withdraws money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct Withdraw {
    /// The id of the account.
    pub account_id: String,
    /// The amount; zero, or more than is available, is rejected.
    pub amount_cents: u64,
}

/// Closes an account whose balance is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct CloseAccount {
    /// The id of the account to close.
    pub account_id: String,
}

/// Withdraws the money of a transfer from its source account; rejected like [`Withdraw`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct WithdrawForTransfer {
    /// The id of the source account.
    pub account_id: String,
    /// The id of the transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// Deposits the money of a transfer into its target account; rejected like [`Deposit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct DepositForTransfer {
    /// The id of the target account.
    pub account_id: String,
    /// The id of the transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// Returns the money of a transfer to its source account.
///
/// A closed source account accepts it, too: the money is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = account_id)]
pub struct RefundTransfer {
    /// The id of the source account.
    pub account_id: String,
    /// The id of the failed transfer.
    pub transfer_id: String,
    /// The amount.
    pub amount_cents: u64,
}

/// Requests a transfer of money from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct RequestTransfer {
    /// The id of the new transfer.
    pub transfer_id: String,
    /// The id of the source account.
    pub from_account_id: String,
    /// The id of the target account.
    pub to_account_id: String,
    /// The amount; zero is rejected.
    pub amount_cents: u64,
}

/// Completes a transfer after its money has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct CompleteTransfer {
    /// The id of the transfer.
    pub transfer_id: String,
}

/// Marks a transfer as failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Command)]
#[command(part_of = Transfer, id = transfer_id)]
pub struct FailTransfer {
    /// The id of the transfer.
    pub transfer_id: String,
    /// The reason why an account rejected the transfer.
    pub reason: String,
}

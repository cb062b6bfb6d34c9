use flow_domain::Rejection;

/// Why an account refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("there is no account `{account_id}`")]
    Unknown {
        /// The id that was asked for.
        account_id: String,
    },
    /// An account with this id was opened before.
    #[error("the account is open already")]
    AlreadyOpened,
    /// The account was closed.
    #[error("the account is closed")]
    Closed,
    /// An amount must be more than zero.
    #[error("the amount is zero")]
    ZeroAmount,
    /// The balance would be more than can be counted.
    #[error("the account cannot hold that much")]
    BalanceTooLarge,
    /// The withdrawal is beyond the balance and the overdraft limit.
    #[error("only {available_cents} cents are available")]
    InsufficientFunds {
        /// What could be withdrawn at most.
        available_cents: u64,
    },
    /// An account is closed only when nothing is left in it and nothing is owed.
    #[error("the balance is {balance_cents} cents and must be zero")]
    BalanceNotZero {
        /// What it holds.
        balance_cents: i64,
    },
}

impl Rejection for AccountError {}

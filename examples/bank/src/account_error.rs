use flow_domain::Rejection;

/// The reason why an account rejects a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No account has this id.
    #[error("there is no account `{account_id}`")]
    Unknown {
        /// The unknown id.
        account_id: String,
    },
    /// An account with this id is already open.
    #[error("the account is open already")]
    AlreadyOpened,
    /// The account is closed.
    #[error("the account is closed")]
    Closed,
    /// The amount is zero.
    #[error("the amount is zero")]
    ZeroAmount,
    /// The balance would overflow.
    #[error("the account cannot hold that much")]
    BalanceTooLarge,
    /// The withdrawal exceeds the balance and the overdraft limit.
    #[error("only {available_cents} cents are available")]
    InsufficientFunds {
        /// The largest amount that can be withdrawn.
        available_cents: u64,
    },
    /// The balance is not zero, so the account cannot be closed.
    #[error("the balance is {balance_cents} cents and must be zero")]
    BalanceNotZero {
        /// The current balance.
        balance_cents: i64,
    },
}

impl Rejection for AccountError {}

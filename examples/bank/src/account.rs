use flow_domain::{Aggregate, Apply, PendingEvents};
use serde::{Deserialize, Serialize};

use crate::{
    AccountError, AccountEvent, CloseAccount, Deposit, DepositForTransfer, OpenAccount,
    RefundTransfer, TransferDeposited, TransferRefunded, TransferWithdrawn, Withdraw,
    WithdrawForTransfer,
};

/// A bank account with a balance and an overdraft limit. Event-sourced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = account_id,
    event_sourced,
    commands(
        OpenAccount, Deposit, Withdraw, CloseAccount,
        WithdrawForTransfer, DepositForTransfer, RefundTransfer
    ),
    events(AccountEvent, TransferWithdrawn, TransferDeposited, TransferRefunded)
)]
pub struct Account {
    /// The id of the account.
    pub account_id: String,
    /// The name of the owner.
    pub owner: String,
    /// The balance; negative if the account is overdrawn.
    pub balance_cents: i64,
    /// How far the balance may go below zero.
    pub overdraft_limit_cents: u64,
    /// Whether the account is closed.
    pub closed: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Account {
    /// Opens an account.
    pub fn open(account_id: String, owner: String, overdraft_limit_cents: u64) -> Self {
        let mut account = Self::default();
        account.raise(AccountEvent::AccountOpened {
            account_id,
            owner,
            overdraft_limit_cents,
        });
        account
    }

    /// Returns the largest amount that can be withdrawn.
    pub fn available_cents(&self) -> u64 {
        self.overdraft_limit_cents
            .saturating_add_signed(self.balance_cents)
    }

    /// Deposits money.
    ///
    /// # Errors
    ///
    /// Rejects the deposit if the account is closed, the amount is zero, or the balance would
    /// overflow.
    pub fn deposit(&mut self, amount_cents: u64) -> Result<(), AccountError> {
        self.check_deposit(amount_cents)?;
        self.raise(AccountEvent::Deposited {
            account_id: self.account_id.clone(),
            amount_cents,
        });
        Ok(())
    }

    /// Withdraws money.
    ///
    /// # Errors
    ///
    /// Rejects the withdrawal if the account is closed, the amount is zero, or too little is
    /// available.
    pub fn withdraw(&mut self, amount_cents: u64) -> Result<(), AccountError> {
        self.check_withdrawal(amount_cents)?;
        self.raise(AccountEvent::Withdrawn {
            account_id: self.account_id.clone(),
            amount_cents,
        });
        Ok(())
    }

    /// Closes the account.
    ///
    /// # Errors
    ///
    /// Rejects the command if the account is already closed, or its balance is not zero.
    pub fn close(&mut self) -> Result<(), AccountError> {
        self.check_open()?;
        if self.balance_cents != 0 {
            return Err(AccountError::BalanceNotZero {
                balance_cents: self.balance_cents,
            });
        }

        self.raise(AccountEvent::AccountClosed {
            account_id: self.account_id.clone(),
        });
        Ok(())
    }

    /// Withdraws money for a transfer.
    ///
    /// # Errors
    ///
    /// Rejects under the same conditions as [`withdraw`](Self::withdraw).
    pub fn withdraw_for_transfer(
        &mut self,
        transfer_id: String,
        amount_cents: u64,
    ) -> Result<(), AccountError> {
        self.check_withdrawal(amount_cents)?;
        self.raise(TransferWithdrawn {
            account_id: self.account_id.clone(),
            transfer_id,
            amount_cents,
        });
        Ok(())
    }

    /// Deposits money from a transfer.
    ///
    /// # Errors
    ///
    /// Rejects under the same conditions as [`deposit`](Self::deposit).
    pub fn deposit_for_transfer(
        &mut self,
        transfer_id: String,
        amount_cents: u64,
    ) -> Result<(), AccountError> {
        self.check_deposit(amount_cents)?;
        self.raise(TransferDeposited {
            account_id: self.account_id.clone(),
            transfer_id,
            amount_cents,
        });
        Ok(())
    }

    /// Returns the money of a failed transfer to the account, even if the account is closed.
    pub fn refund_transfer(&mut self, transfer_id: String, amount_cents: u64) {
        self.raise(TransferRefunded {
            account_id: self.account_id.clone(),
            transfer_id,
            amount_cents,
        });
    }

    fn check_open(&self) -> Result<(), AccountError> {
        if self.closed {
            return Err(AccountError::Closed);
        }
        Ok(())
    }

    fn check_amount(&self, amount_cents: u64) -> Result<(), AccountError> {
        self.check_open()?;
        if amount_cents == 0 {
            return Err(AccountError::ZeroAmount);
        }
        Ok(())
    }

    fn check_deposit(&self, amount_cents: u64) -> Result<(), AccountError> {
        self.check_amount(amount_cents)?;
        match self.balance_cents.checked_add_unsigned(amount_cents) {
            Some(_) => Ok(()),
            None => Err(AccountError::BalanceTooLarge),
        }
    }

    fn check_withdrawal(&self, amount_cents: u64) -> Result<(), AccountError> {
        self.check_amount(amount_cents)?;
        let available_cents = self.available_cents();
        if available_cents < amount_cents {
            return Err(AccountError::InsufficientFunds { available_cents });
        }
        Ok(())
    }

    fn add(&mut self, amount_cents: u64) {
        self.balance_cents = self.balance_cents.saturating_add_unsigned(amount_cents);
    }

    fn subtract(&mut self, amount_cents: u64) {
        self.balance_cents = self.balance_cents.saturating_sub_unsigned(amount_cents);
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::AccountOpened {
                account_id,
                owner,
                overdraft_limit_cents,
            } => {
                self.account_id.clone_from(account_id);
                self.owner.clone_from(owner);
                self.overdraft_limit_cents = *overdraft_limit_cents;
            }
            AccountEvent::Deposited { amount_cents, .. } => self.add(*amount_cents),
            AccountEvent::Withdrawn { amount_cents, .. } => self.subtract(*amount_cents),
            AccountEvent::AccountClosed { .. } => self.closed = true,
        }
    }
}

impl Apply<TransferWithdrawn> for Account {
    fn apply(&mut self, event: &TransferWithdrawn) {
        self.subtract(event.amount_cents);
    }
}

impl Apply<TransferDeposited> for Account {
    fn apply(&mut self, event: &TransferDeposited) {
        self.add(event.amount_cents);
    }
}

impl Apply<TransferRefunded> for Account {
    fn apply(&mut self, event: &TransferRefunded) {
        self.add(event.amount_cents);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an account with an overdraft limit of 50 cents.
    fn account(balance_cents: i64) -> Account {
        Account {
            account_id: "acc-1".into(),
            balance_cents,
            overdraft_limit_cents: 50,
            ..Account::default()
        }
    }

    fn closed() -> Account {
        Account {
            closed: true,
            ..account(0)
        }
    }

    #[test]
    fn an_account_is_opened_empty() {
        let account = Account::open("acc-1".into(), "Ada".into(), 50);

        assert_eq!(
            account.raised(),
            AccountEvent::AccountOpened {
                account_id: "acc-1".into(),
                owner: "Ada".into(),
                overdraft_limit_cents: 50,
            }
        );
        assert_eq!((account.balance_cents, account.closed), (0, false));
    }

    #[test]
    fn a_withdrawal_may_use_the_whole_overdraft() {
        let mut account = account(100);

        assert_eq!(account.withdraw(150), Ok(()));

        assert_eq!(
            account.raised(),
            AccountEvent::Withdrawn {
                account_id: "acc-1".into(),
                amount_cents: 150,
            }
        );
        assert_eq!(account.balance_cents, -50);
    }

    #[test]
    fn withdrawal_beyond_the_overdraft_names_available_amount() {
        let mut account = account(-20);

        let result = account.withdraw(31);

        let available_cents = 30;
        assert_eq!(
            result,
            Err(AccountError::InsufficientFunds { available_cents })
        );
        assert_eq!(account.raised(), ());
    }

    #[test]
    fn an_amount_is_more_than_zero_and_can_be_counted() {
        let mut account = account(1);

        assert_eq!(account.deposit(0), Err(AccountError::ZeroAmount));
        assert_eq!(account.withdraw(0), Err(AccountError::ZeroAmount));
        assert_eq!(
            account.deposit(u64::MAX),
            Err(AccountError::BalanceTooLarge)
        );
    }

    #[test]
    fn an_account_with_money_or_debts_is_not_closed() {
        let balance_cents = -1;

        let result = account(balance_cents).close();

        assert_eq!(result, Err(AccountError::BalanceNotZero { balance_cents }));
    }

    #[test]
    fn closed_account_accepts_only_refunds() {
        let mut account = closed();

        assert_eq!(account.deposit(10), Err(AccountError::Closed));
        assert_eq!(account.withdraw(10), Err(AccountError::Closed));
        assert_eq!(account.close(), Err(AccountError::Closed));
        account.refund_transfer("trf-1".into(), 10);

        assert_eq!(account.balance_cents, 10);
    }
}

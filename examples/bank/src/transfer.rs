use flow_domain::{Aggregate, Apply, PendingEvents, Rejection};
use serde::{Deserialize, Serialize};

use crate::{
    CompleteTransfer, FailTransfer, RequestTransfer, TransferCompleted, TransferFailed,
    TransferRequested,
};

/// A transfer of money from one account to another. Event-sourced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = transfer_id,
    event_sourced,
    commands(RequestTransfer, CompleteTransfer, FailTransfer),
    events(TransferRequested, TransferCompleted, TransferFailed)
)]
pub struct Transfer {
    /// The id of the transfer.
    pub transfer_id: String,
    /// The id of the source account.
    pub from_account_id: String,
    /// The id of the target account.
    pub to_account_id: String,
    /// The amount.
    pub amount_cents: u64,
    /// The status of the transfer.
    pub status: TransferStatus,
    #[serde(skip)]
    raised: PendingEvents,
}

/// The status of a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferStatus {
    /// The transfer is in progress.
    #[default]
    Requested,
    /// The money arrived.
    Completed,
    /// The transfer failed.
    Failed {
        /// The reason why an account rejected the transfer.
        reason: String,
    },
}

/// The reason why a transfer rejects a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// No transfer has this id.
    #[error("there is no transfer `{transfer_id}`")]
    Unknown {
        /// The unknown id.
        transfer_id: String,
    },
    /// A transfer with this id was already requested.
    #[error("the transfer was requested already")]
    AlreadyRequested,
    /// The amount is zero.
    #[error("the amount is zero")]
    ZeroAmount,
    /// Source and target are the same account.
    #[error("source and target are the same account")]
    SameAccount,
    /// The transfer was already completed or failed.
    #[error("the transfer has ended")]
    Ended,
}

impl Rejection for TransferError {}

impl Transfer {
    /// Requests a transfer.
    ///
    /// # Errors
    ///
    /// Rejects the command if the amount is zero, or source and target are the same account.
    pub fn request(command: RequestTransfer) -> Result<Self, TransferError> {
        if command.amount_cents == 0 {
            return Err(TransferError::ZeroAmount);
        }
        if command.from_account_id == command.to_account_id {
            return Err(TransferError::SameAccount);
        }

        let mut transfer = Self::default();
        transfer.raise(TransferRequested {
            transfer_id: command.transfer_id,
            from_account_id: command.from_account_id,
            to_account_id: command.to_account_id,
            amount_cents: command.amount_cents,
        });
        Ok(transfer)
    }

    /// Completes the transfer after its money has arrived.
    ///
    /// # Errors
    ///
    /// Rejects the command if the transfer has already ended.
    pub fn complete(&mut self) -> Result<(), TransferError> {
        self.check_not_ended()?;
        self.raise(TransferCompleted {
            transfer_id: self.transfer_id.clone(),
        });
        Ok(())
    }

    /// Marks the transfer as failed.
    ///
    /// # Errors
    ///
    /// Rejects the command if the transfer has already ended.
    pub fn fail(&mut self, reason: String) -> Result<(), TransferError> {
        self.check_not_ended()?;
        self.raise(TransferFailed {
            transfer_id: self.transfer_id.clone(),
            reason,
        });
        Ok(())
    }

    fn check_not_ended(&self) -> Result<(), TransferError> {
        match self.status {
            TransferStatus::Requested => Ok(()),
            TransferStatus::Completed | TransferStatus::Failed { .. } => Err(TransferError::Ended),
        }
    }
}

impl Apply<TransferRequested> for Transfer {
    fn apply(&mut self, event: &TransferRequested) {
        self.transfer_id.clone_from(&event.transfer_id);
        self.from_account_id.clone_from(&event.from_account_id);
        self.to_account_id.clone_from(&event.to_account_id);
        self.amount_cents = event.amount_cents;
    }
}

impl Apply<TransferCompleted> for Transfer {
    fn apply(&mut self, _event: &TransferCompleted) {
        self.status = TransferStatus::Completed;
    }
}

impl Apply<TransferFailed> for Transfer {
    fn apply(&mut self, event: &TransferFailed) {
        self.status = TransferStatus::Failed {
            reason: event.reason.clone(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(to_account_id: &str, amount_cents: u64) -> Result<Transfer, TransferError> {
        Transfer::request(RequestTransfer {
            transfer_id: "trf-1".into(),
            from_account_id: "acc-1".into(),
            to_account_id: to_account_id.into(),
            amount_cents,
        })
    }

    #[test]
    fn transfer_needs_an_amount_and_another_account() {
        assert_eq!(request("acc-2", 0), Err(TransferError::ZeroAmount));
        assert_eq!(request("acc-1", 10), Err(TransferError::SameAccount));
    }

    #[test]
    fn a_transfer_ends_once() {
        let mut transfer = request("acc-2", 10).unwrap();

        assert_eq!(transfer.complete(), Ok(()));

        assert_eq!(transfer.fail("late".into()), Err(TransferError::Ended));
        assert_eq!(transfer.status, TransferStatus::Completed);
    }
}

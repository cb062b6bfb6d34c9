use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork};
use serde::{Deserialize, Serialize};

use crate::{
    CompleteTransfer, DepositForTransfer, FailTransfer, RefundTransfer, TransferCompleted,
    TransferDeposited, TransferFailed, TransferRefunded, TransferRequested, TransferWithdrawn,
    WithdrawForTransfer,
};

/// Carries out a transfer: withdraws the money from the source account and deposits it into the
/// target account. Refunds the source account if the target account rejects the deposit.
///
/// The state has the current step, so a redelivered event moves no money twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferProcess {
    /// The current step.
    pub step: TransferStep,
    /// The id of the target account.
    pub to_account_id: String,
}

/// The step of a transfer process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferStep {
    /// The transfer has not begun.
    #[default]
    New,
    /// The withdrawal from the source account is in progress.
    Withdrawing,
    /// The deposit into the target account is in progress.
    Depositing,
    /// The refund to the source account is in progress.
    Refunding {
        /// The reason why the target account rejected the deposit.
        reason: String,
    },
    /// The transfer is being completed or marked as failed.
    Ending,
    /// The process is complete.
    Done,
}

impl ProcessManager for TransferProcess {
    const KEY: &'static str = "transfer_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_transfer_requested)
            .issues::<(WithdrawForTransfer, FailTransfer)>();
        on.event(Self::on_transfer_withdrawn)
            .issues::<(DepositForTransfer, RefundTransfer)>();
        on.event(Self::on_transfer_deposited)
            .issues::<CompleteTransfer>();
        on.event(Self::on_transfer_refunded)
            .issues::<FailTransfer>();
        on.event(Self::on_transfer_completed);
        on.event(Self::on_transfer_failed);
    }

    fn is_complete(&self) -> bool {
        self.step == TransferStep::Done
    }
}

impl TransferProcess {
    async fn on_transfer_requested(
        &mut self,
        event: TransferRequested,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        if self.step != TransferStep::New {
            return Ok(());
        }

        self.to_account_id = event.to_account_id;
        let withdraw = WithdrawForTransfer {
            account_id: event.from_account_id,
            transfer_id: event.transfer_id.clone(),
            amount_cents: event.amount_cents,
        };

        let Some(reason) = rejection_reason(work.process(withdraw).await)? else {
            self.step = TransferStep::Withdrawing;
            return Ok(());
        };

        self.step = TransferStep::Ending;
        work.process(FailTransfer {
            transfer_id: event.transfer_id,
            reason,
        })
        .await
    }

    async fn on_transfer_withdrawn(
        &mut self,
        event: TransferWithdrawn,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        if self.step != TransferStep::Withdrawing {
            return Ok(());
        }

        let deposit = DepositForTransfer {
            account_id: self.to_account_id.clone(),
            transfer_id: event.transfer_id.clone(),
            amount_cents: event.amount_cents,
        };

        let Some(reason) = rejection_reason(work.process(deposit).await)? else {
            self.step = TransferStep::Depositing;
            return Ok(());
        };

        self.step = TransferStep::Refunding { reason };
        work.process(RefundTransfer {
            account_id: event.account_id,
            transfer_id: event.transfer_id,
            amount_cents: event.amount_cents,
        })
        .await
    }

    async fn on_transfer_deposited(
        &mut self,
        event: TransferDeposited,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        if self.step != TransferStep::Depositing {
            return Ok(());
        }

        self.step = TransferStep::Ending;
        work.process(CompleteTransfer {
            transfer_id: event.transfer_id,
        })
        .await
    }

    async fn on_transfer_refunded(
        &mut self,
        event: TransferRefunded,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let TransferStep::Refunding { reason } = &self.step else {
            return Ok(());
        };

        let reason = reason.clone();
        self.step = TransferStep::Ending;
        work.process(FailTransfer {
            transfer_id: event.transfer_id,
            reason,
        })
        .await
    }

    async fn on_transfer_completed(
        &mut self,
        _event: TransferCompleted,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.step = TransferStep::Done;
        Ok(())
    }

    async fn on_transfer_failed(
        &mut self,
        _event: TransferFailed,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.step = TransferStep::Done;
        Ok(())
    }
}

/// Returns the reason of a rejection, which the process handles.
///
/// # Errors
///
/// Returns every other error, so the engine retries the delivery.
fn rejection_reason(result: Result<(), Error>) -> Result<Option<String>, Error> {
    match result {
        Ok(()) => Ok(None),
        Err(err) if err.is_rejection() => Ok(Some(err.to_string())),
        Err(err) => Err(err),
    }
}

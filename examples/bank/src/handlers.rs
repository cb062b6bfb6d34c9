use flow_domain::{CommandHandler, CommandRoutes, Error, UnitOfWork};

use crate::{
    Account, AccountError, AccountEvent, CloseAccount, CompleteTransfer, Deposit,
    DepositForTransfer, FailTransfer, OpenAccount, RefundTransfer, RequestTransfer, Transfer,
    TransferCompleted, TransferDeposited, TransferError, TransferFailed, TransferRefunded,
    TransferRequested, TransferWithdrawn, Withdraw, WithdrawForTransfer,
};

/// Handles the commands of accounts.
#[derive(Debug)]
pub struct AccountCommandHandler;

impl CommandHandler for AccountCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open_account).raises::<AccountEvent>();
        on.command(Self::deposit).raises::<AccountEvent>();
        on.command(Self::withdraw).raises::<AccountEvent>();
        on.command(Self::close_account).raises::<AccountEvent>();
        on.command(Self::withdraw_for_transfer)
            .raises::<TransferWithdrawn>();
        on.command(Self::deposit_for_transfer)
            .raises::<TransferDeposited>();
        on.command(Self::refund_transfer)
            .raises::<TransferRefunded>();
    }
}

impl AccountCommandHandler {
    async fn open_account(&self, command: OpenAccount, work: &mut UnitOfWork) -> Result<(), Error> {
        if work.find::<Account>(&command.account_id).await?.is_some() {
            return Err(AccountError::AlreadyOpened.into());
        }

        work.add(Account::open(
            command.account_id,
            command.owner,
            command.overdraft_limit_cents,
        ))
    }

    async fn deposit(&self, command: Deposit, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.deposit(command.amount_cents)?;
        work.add(account)
    }

    async fn withdraw(&self, command: Withdraw, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.withdraw(command.amount_cents)?;
        work.add(account)
    }

    async fn close_account(
        &self,
        command: CloseAccount,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.close()?;
        work.add(account)
    }

    async fn withdraw_for_transfer(
        &self,
        command: WithdrawForTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.withdraw_for_transfer(command.transfer_id, command.amount_cents)?;
        work.add(account)
    }

    async fn deposit_for_transfer(
        &self,
        command: DepositForTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.deposit_for_transfer(command.transfer_id, command.amount_cents)?;
        work.add(account)
    }

    async fn refund_transfer(
        &self,
        command: RefundTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut account = account(command.account_id, work).await?;
        account.refund_transfer(command.transfer_id, command.amount_cents);
        work.add(account)
    }
}

/// Handles the commands of transfers.
#[derive(Debug)]
pub struct TransferCommandHandler;

impl CommandHandler for TransferCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::request_transfer)
            .raises::<TransferRequested>();
        on.command(Self::complete_transfer)
            .raises::<TransferCompleted>();
        on.command(Self::fail_transfer).raises::<TransferFailed>();
    }
}

impl TransferCommandHandler {
    async fn request_transfer(
        &self,
        command: RequestTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        if work.find::<Transfer>(&command.transfer_id).await?.is_some() {
            return Err(TransferError::AlreadyRequested.into());
        }
        work.add(Transfer::request(command)?)
    }

    async fn complete_transfer(
        &self,
        command: CompleteTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut transfer = transfer(command.transfer_id, work).await?;
        transfer.complete()?;
        work.add(transfer)
    }

    async fn fail_transfer(
        &self,
        command: FailTransfer,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let mut transfer = transfer(command.transfer_id, work).await?;
        transfer.fail(command.reason)?;
        work.add(transfer)
    }
}

// `find`, not `load`: an unknown account is a rejection here, not a failure.
async fn account(account_id: String, work: &mut UnitOfWork) -> Result<Account, Error> {
    let found = work.find(&account_id).await?;
    found.ok_or_else(|| AccountError::Unknown { account_id }.into())
}

async fn transfer(transfer_id: String, work: &mut UnitOfWork) -> Result<Transfer, Error> {
    let found = work.find(&transfer_id).await?;
    found.ok_or_else(|| TransferError::Unknown { transfer_id }.into())
}

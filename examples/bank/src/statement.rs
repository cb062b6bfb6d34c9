use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{AccountEvent, TransferDeposited, TransferRefunded, TransferWithdrawn};

/// The account statement: all movements, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Projection)]
#[projection(id = account_id)]
pub struct Statement {
    /// The id of the account.
    pub account_id: String,
    /// The movements.
    pub lines: Vec<StatementLine>,
}

/// One movement on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The kind of movement.
    pub kind: LineKind,
    /// The amount.
    pub amount_cents: u64,
    /// The balance after the movement.
    pub balance_cents: i64,
}

/// The kind of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// Money was deposited.
    Deposit,
    /// Money was withdrawn.
    Withdrawal,
    /// Money left the account in a transfer.
    TransferOut,
    /// Money arrived in a transfer.
    TransferIn,
    /// The money of a failed transfer was returned.
    TransferRefund,
}

impl Statement {
    fn book(&mut self, kind: LineKind, amount_cents: u64) {
        let balance_cents = self.lines.last().map_or(0, |line| line.balance_cents);
        let balance_cents = match kind {
            LineKind::Deposit | LineKind::TransferIn | LineKind::TransferRefund => {
                balance_cents.saturating_add_unsigned(amount_cents)
            }
            LineKind::Withdrawal | LineKind::TransferOut => {
                balance_cents.saturating_sub_unsigned(amount_cents)
            }
        };

        self.lines.push(StatementLine {
            kind,
            amount_cents,
            balance_cents,
        });
    }
}

/// Maintains [`Statement`].
#[derive(Debug)]
pub struct StatementProjector;

impl Projector for StatementProjector {
    type Projection = Statement;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_account_event);
        on.event(Self::on_transfer_withdrawn);
        on.event(Self::on_transfer_deposited);
        on.event(Self::on_transfer_refunded);
        // The projector adds amounts up, so a redelivered event must not count twice.
        on.subscription().once();
    }
}

impl StatementProjector {
    async fn on_account_event(
        &self,
        event: AccountEvent,
        rows: &mut Rows<'_, Statement>,
    ) -> Result<(), Error> {
        match event {
            AccountEvent::AccountOpened { account_id, .. } => {
                let lines = Vec::new();
                rows.put(Statement { account_id, lines }).await
            }
            AccountEvent::Deposited {
                account_id,
                amount_cents,
            } => book(rows, account_id, LineKind::Deposit, amount_cents).await,
            AccountEvent::Withdrawn {
                account_id,
                amount_cents,
            } => book(rows, account_id, LineKind::Withdrawal, amount_cents).await,
            AccountEvent::AccountClosed { .. } => Ok(()),
        }
    }

    async fn on_transfer_withdrawn(
        &self,
        event: TransferWithdrawn,
        rows: &mut Rows<'_, Statement>,
    ) -> Result<(), Error> {
        let kind = LineKind::TransferOut;
        book(rows, event.account_id, kind, event.amount_cents).await
    }

    async fn on_transfer_deposited(
        &self,
        event: TransferDeposited,
        rows: &mut Rows<'_, Statement>,
    ) -> Result<(), Error> {
        let kind = LineKind::TransferIn;
        book(rows, event.account_id, kind, event.amount_cents).await
    }

    async fn on_transfer_refunded(
        &self,
        event: TransferRefunded,
        rows: &mut Rows<'_, Statement>,
    ) -> Result<(), Error> {
        let kind = LineKind::TransferRefund;
        book(rows, event.account_id, kind, event.amount_cents).await
    }
}

async fn book(
    rows: &mut Rows<'_, Statement>,
    account_id: String,
    kind: LineKind,
    amount_cents: u64,
) -> Result<(), Error> {
    rows.change(account_id, |row| row.book(kind, amount_cents))
        .await
}

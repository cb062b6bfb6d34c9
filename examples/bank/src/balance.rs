use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{AccountEvent, TransferDeposited, TransferRefunded, TransferWithdrawn};

/// The balance of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Projection)]
#[projection(id = account_id)]
pub struct Balance {
    /// The id of the account.
    pub account_id: String,
    /// The name of the owner.
    pub owner: String,
    /// The balance; negative if the account is overdrawn.
    pub balance_cents: i64,
    /// Whether the account is closed.
    pub closed: bool,
}

impl Balance {
    fn add(&mut self, amount_cents: u64) {
        self.balance_cents = self.balance_cents.saturating_add_unsigned(amount_cents);
    }

    fn subtract(&mut self, amount_cents: u64) {
        self.balance_cents = self.balance_cents.saturating_sub_unsigned(amount_cents);
    }
}

/// Maintains [`Balance`].
#[derive(Debug)]
pub struct BalanceProjector;

impl Projector for BalanceProjector {
    type Projection = Balance;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_account_event);
        on.event(Self::on_transfer_withdrawn);
        on.event(Self::on_transfer_deposited);
        on.event(Self::on_transfer_refunded);
        // The projector adds amounts up, so a redelivered event must not count twice.
        on.subscription().once();
    }
}

impl BalanceProjector {
    async fn on_account_event(
        &self,
        event: AccountEvent,
        rows: &mut Rows<'_, Balance>,
    ) -> Result<(), Error> {
        match event {
            AccountEvent::AccountOpened {
                account_id, owner, ..
            } => {
                rows.put(Balance {
                    account_id,
                    owner,
                    balance_cents: 0,
                    closed: false,
                })
                .await
            }
            AccountEvent::Deposited {
                account_id,
                amount_cents,
            } => rows.change(account_id, |row| row.add(amount_cents)).await,
            AccountEvent::Withdrawn {
                account_id,
                amount_cents,
            } => {
                rows.change(account_id, |row| row.subtract(amount_cents))
                    .await
            }
            AccountEvent::AccountClosed { account_id } => {
                rows.change(account_id, |row| row.closed = true).await
            }
        }
    }

    async fn on_transfer_withdrawn(
        &self,
        event: TransferWithdrawn,
        rows: &mut Rows<'_, Balance>,
    ) -> Result<(), Error> {
        rows.change(event.account_id, |row| row.subtract(event.amount_cents))
            .await
    }

    async fn on_transfer_deposited(
        &self,
        event: TransferDeposited,
        rows: &mut Rows<'_, Balance>,
    ) -> Result<(), Error> {
        rows.change(event.account_id, |row| row.add(event.amount_cents))
            .await
    }

    async fn on_transfer_refunded(
        &self,
        event: TransferRefunded,
        rows: &mut Rows<'_, Balance>,
    ) -> Result<(), Error> {
        rows.change(event.account_id, |row| row.add(event.amount_cents))
            .await
    }
}

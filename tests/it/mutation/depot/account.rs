use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// Stored as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = owner, commands(ChargeAccount), events(AccountCharged))]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) owed_cents: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Account, id = owner)]
pub(crate) struct ChargeAccount {
    pub(crate) owner: String,
    pub(crate) parcel_id: String,
    pub(crate) cents: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = owner)]
pub(crate) struct AccountCharged {
    pub(crate) owner: String,
    pub(crate) parcel_id: String,
    pub(crate) cents: u32,
    pub(crate) owed_cents: u32,
}

#[derive(Debug)]
pub(crate) struct Billing;

impl CommandHandler for Billing {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::charge);
    }
}

impl Billing {
    async fn charge(&self, command: ChargeAccount, work: &mut UnitOfWork) -> Result<(), Error> {
        let ChargeAccount {
            owner,
            parcel_id,
            cents,
        } = command;
        let stored = work.find::<Account>(&owner).await?;
        let mut account = stored.unwrap_or_else(|| Account {
            owner: owner.clone(),
            owed_cents: 0,
            raised: PendingEvents::default(),
        });

        account.owed_cents += cents;
        let owed_cents = account.owed_cents;
        account.raise(AccountCharged {
            owner,
            parcel_id,
            cents,
            owed_cents,
        });
        work.add(account)
    }
}

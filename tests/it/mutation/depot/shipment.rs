use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork};
use serde::{Deserialize, Serialize};

use crate::mutation::depot::{AccountCharged, ChargeAccount, ParcelEvent};

/// Tracks a parcel until it is paid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shipment {
    pub(crate) sender: String,
    pub(crate) grams: u32,
    pub(crate) is_over: bool,
    pub(crate) is_charged: bool,
}

impl ProcessManager for Shipment {
    const KEY: &'static str = "parcel_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_parcel);
        on.event(Self::on_account_charged);
    }

    fn is_complete(&self) -> bool {
        self.is_over && self.is_charged
    }
}

impl Shipment {
    async fn on_parcel(&mut self, event: ParcelEvent, work: &mut UnitOfWork) -> Result<(), Error> {
        match event {
            ParcelEvent::ParcelRegistered { sender, grams, .. } => {
                self.sender = sender;
                self.grams = grams;
            }
            ParcelEvent::ParcelDelivered { parcel_id, .. } => {
                self.is_over = true;
                let charge = ChargeAccount {
                    owner: self.sender.clone(),
                    parcel_id,
                    cents: 500 + self.grams / 10,
                };
                work.process(charge).await?;
            }
            ParcelEvent::ParcelReturned { .. } => self.is_over = true,
            ParcelEvent::ParcelLoaded { .. } => {}
        }

        Ok(())
    }

    async fn on_account_charged(
        &mut self,
        _event: AccountCharged,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.is_charged = true;
        Ok(())
    }
}

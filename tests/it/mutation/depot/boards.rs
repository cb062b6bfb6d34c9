use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::mutation::depot::{AccountCharged, ParcelEvent, Stage, VanEnlisted, VanFilled};

/// The position of a parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = parcel_id)]
pub(crate) struct Tracking {
    pub(crate) parcel_id: String,
    pub(crate) recipient: String,
    pub(crate) stage: Stage,
    pub(crate) note: String,
}

#[derive(Debug)]
pub(crate) struct TrackingProjector;

impl Projector for TrackingProjector {
    type Projection = Tracking;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_parcel);
    }
}

impl TrackingProjector {
    async fn on_parcel(
        &self,
        event: ParcelEvent,
        rows: &mut Rows<'_, Tracking>,
    ) -> Result<(), Error> {
        let (parcel_id, stage, note) = match event {
            ParcelEvent::ParcelRegistered {
                parcel_id,
                recipient,
                ..
            } => {
                let (stage, note) = (Stage::Registered, String::new());
                let row = Tracking {
                    parcel_id,
                    recipient,
                    stage,
                    note,
                };

                return rows.put(row).await;
            }
            ParcelEvent::ParcelLoaded {
                parcel_id, van_id, ..
            } => (parcel_id, Stage::Loaded, format!("in van {van_id}")),
            ParcelEvent::ParcelDelivered {
                parcel_id,
                signed_by,
                ..
            } => (parcel_id, Stage::Delivered, signed_by),
            ParcelEvent::ParcelReturned {
                parcel_id, reason, ..
            } => (parcel_id, Stage::Returned, reason),
        };

        rows.change(parcel_id, |row| {
            row.stage = stage;
            row.note = note;
        })
        .await
    }
}

/// The load of a van.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = van_id)]
pub(crate) struct VanBoard {
    pub(crate) van_id: String,
    pub(crate) driver: String,
    pub(crate) n_parcels: u32,
    pub(crate) is_full: bool,
}

#[derive(Debug)]
pub(crate) struct VanBoardProjector;

impl Projector for VanBoardProjector {
    type Projection = VanBoard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_van_enlisted);
        on.event(Self::on_van_filled);
        on.event(Self::on_parcel);
    }
}

impl VanBoardProjector {
    async fn on_van_enlisted(
        &self,
        event: VanEnlisted,
        rows: &mut Rows<'_, VanBoard>,
    ) -> Result<(), Error> {
        rows.put(VanBoard {
            van_id: event.van_id,
            driver: event.driver,
            n_parcels: 0,
            is_full: false,
        })
        .await
    }

    async fn on_van_filled(
        &self,
        event: VanFilled,
        rows: &mut Rows<'_, VanBoard>,
    ) -> Result<(), Error> {
        rows.change(event.van_id, |row| row.is_full = true).await
    }

    async fn on_parcel(
        &self,
        event: ParcelEvent,
        rows: &mut Rows<'_, VanBoard>,
    ) -> Result<(), Error> {
        match event {
            ParcelEvent::ParcelLoaded { van_id, .. } => {
                rows.change(van_id, |row| row.n_parcels += 1).await
            }
            ParcelEvent::ParcelDelivered { van_id, .. }
            | ParcelEvent::ParcelReturned { van_id, .. } => {
                rows.change(van_id, |row| row.n_parcels -= 1).await
            }
            ParcelEvent::ParcelRegistered { .. } => Ok(()),
        }
    }
}

/// The amount that a sender owes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = owner)]
pub(crate) struct Bill {
    pub(crate) owner: String,
    pub(crate) parcels: Vec<String>,
    pub(crate) owed_cents: u32,
}

#[derive(Debug)]
pub(crate) struct BillProjector;

impl Projector for BillProjector {
    type Projection = Bill;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_account_charged);
    }
}

impl BillProjector {
    async fn on_account_charged(
        &self,
        event: AccountCharged,
        rows: &mut Rows<'_, Bill>,
    ) -> Result<(), Error> {
        let empty = || Bill {
            owner: event.owner.clone(),
            parcels: Vec::new(),
            owed_cents: 0,
        };

        rows.change_or_insert(&event.owner, empty, |row| {
            row.parcels.push(event.parcel_id.clone());
            row.owed_cents = event.owed_cents;
        })
        .await
    }
}

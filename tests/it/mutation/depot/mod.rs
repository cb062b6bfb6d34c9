//! A depot of parcels. Parcels are registered, loaded into vans, and delivered; the sender pays.
//!
//! Few handlers declare what they raise or issue.
//!
//! ```text
//! RegisterParcel, LoadParcel, DeliverParcel, ReturnParcel -> ParcelDesk -> ParcelEvent
//!     -> Loader             counts the parcels in a van; VanFilled
//!     -> Shipment           charges the sender when the parcel is delivered
//!     -> TrackingProjector, VanBoardProjector
//! ChargeAccount -> Billing -> AccountCharged -> Shipment, BillProjector
//! ```

#![expect(
    clippy::enum_variant_names,
    clippy::struct_field_names,
    reason = "these are the names of the domain"
)]

mod account;
mod boards;
pub(crate) mod flows;
mod parcel;
mod shipment;
mod van;

use flow_domain::{Domain, WiringErrors};

pub(crate) use account::{Account, AccountCharged, Billing, ChargeAccount};
pub(crate) use boards::{
    Bill, BillProjector, Tracking, TrackingProjector, VanBoard, VanBoardProjector,
};
pub(crate) use parcel::{
    DeliverParcel, LoadParcel, Parcel, ParcelDesk, ParcelError, ParcelEvent, RegisterParcel,
    ReturnParcel, Stage,
};
pub(crate) use shipment::Shipment;
pub(crate) use van::{EnlistVan, Fleet, Loader, Van, VanEnlisted, VanFilled};

pub(crate) fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("depot")
        .aggregate::<Parcel>()
        .aggregate::<Van>()
        .aggregate::<Account>()
        .projection::<Tracking>()
        .projection::<VanBoard>()
        .projection::<Bill>()
        .command_handler(ParcelDesk)
        .command_handler(Fleet)
        .command_handler(Billing)
        .event_handler(Loader)
        .process_manager::<Shipment>()
        .projector(TrackingProjector)
        .projector(VanBoardProjector)
        .projector(BillProjector)
        .build()
}

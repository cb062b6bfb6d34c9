//! A mail-order shop on `esrs`, as production has it: nothing in it knows the harness.

mod aggregates;
mod handlers;

pub(crate) use aggregates::{
    Order, OrderCommand, OrderError, OrderEvent, OrderState, Parcel, ParcelCommand, ParcelError,
    ParcelEvent,
};
pub(crate) use handlers::{Label, Labels, OrderRow, OrderRows, PackPaidOrders};

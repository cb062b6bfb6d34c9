//! Events of yesterday: the changes that make them events of today, and where they are applied.

mod declaration;
mod readable;
mod upcasting_store;
mod upcasts;

pub(crate) use declaration::FormerName;
pub use declaration::Upcast;
pub(crate) use readable::Interest;
pub(crate) use upcasting_store::upcasting;
pub(crate) use upcasts::Upcasts;

//! The parts of a domain without any infrastructure: messages, aggregates and projections.

mod aggregate;
#[doc(hidden)]
pub mod equality;
mod id;
#[doc(hidden)]
pub mod id_field;
mod into_messages;
#[cfg(feature = "testing")]
pub(crate) mod invariants;
mod message;
mod pending_events;
mod projection;
mod read_back;
mod serialized;
mod sortable;
mod times;

pub use aggregate::{Aggregate, Apply};
pub use id::Id;
#[doc(hidden)]
pub use into_messages::{AnyCommand, ListKind, SameContent};
pub use into_messages::{AnyEvent, DynMessage, IntoMessages, MessageTypes};
pub use message::{Command, Event, Message};
pub(crate) use pending_events::LoadToken;
pub use pending_events::{PendingEvents, RaisedEvents};
pub use projection::Projection;
pub(crate) use read_back::verify_read_back;
#[doc(hidden)]
pub use serialized::SerializedMessage;
#[doc(hidden)]
pub use sortable::DeclaredField;
pub use sortable::Sortable;

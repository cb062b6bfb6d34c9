//! The parts of a domain without any infrastructure: messages, aggregates and projections.

mod aggregate;
mod comparison;
#[doc(hidden)]
pub mod equality;
mod into_messages;
mod message;
mod pending_events;
mod projection;
mod serialized;

pub use aggregate::{Aggregate, Apply};
pub(crate) use comparison::{has_same_json, have_same_text_and_json};
pub use into_messages::{AnyCommand, AnyEvent, DynMessage, IntoMessages, MessageTypes};
pub use message::{Command, Event, Message};
pub(crate) use pending_events::LoadToken;
pub use pending_events::{PendingEvents, RaisedEvents};
pub use projection::Projection;
pub use serialized::{SerializedAggregate, SerializedMessage, invariant_violations};

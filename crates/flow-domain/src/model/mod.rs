//! What a domain is made of: messages, aggregates and projections, without any infrastructure.

mod aggregate;
mod message;
mod message_list;
mod projection;
mod raised;
#[doc(hidden)]
pub mod same;
mod written;

pub use aggregate::{Aggregate, Apply};
pub use message::{Command, Event, Message};
pub use message_list::{AnyCommand, AnyEvent, ListedMessage, MessageList, MessageTypes};
pub use projection::Projection;
pub(crate) use raised::LoadedCopy;
pub use raised::{Raised, RaisedEvents};
pub use written::{Written, WrittenAggregate, broken_laws};

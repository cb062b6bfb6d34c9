//! flow-domain
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// The derives write `::flow_domain::..`, also inside this crate's own tests.
extern crate self as flow_domain;

pub mod clock;
pub mod error;
pub mod message;
pub mod model;
pub mod port;
pub mod record;

pub use error::{Error, HandlerFailure, Rejection};
#[cfg(feature = "derive")]
pub use flow_domain_derive::{Aggregate, Command, Event, Projection};
pub use model::{Aggregate, Apply, Command, Event, Message, Projection, Raised};

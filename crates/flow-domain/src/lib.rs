//! The runtime of an event-driven domain: commands, events, aggregates, process managers and
//! projections, wired once and checked when the domain is built.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// The derives write `::flow_domain::..`, also inside this crate.
extern crate self as flow_domain;

pub mod adapter;
pub mod clock;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub mod doc_fixture;
pub mod error;
pub mod handler;
pub mod message;
pub mod model;
pub mod port;
pub mod record;
pub mod runtime;
pub mod wiring;

pub use error::{Error, HandlerFailure, Rejection};
#[cfg(feature = "derive")]
pub use flow_domain_derive::{Aggregate, Command, Event, Projection};
pub use handler::{
    CommandHandler, CommandRoutes, EventHandler, EventRoutes, ProcessManager, ProcessManagerRoutes,
    Projector, ProjectorRoutes, Rows, UnitOfWork, View, field,
};
pub use model::{Aggregate, Apply, Command, Event, Message, Projection, Raised};
pub use runtime::{App, Headers};
pub use wiring::{Domain, WiringErrors};

//! The app that runs a domain: it processes commands and delivers the events that they cause.
//!
//! First, a command is handled and committed. Then its events are delivered in the order of commit. The
//! handlers of one event run in the order of registration. The events that they cause follow
//! (breadth-first). Together, these deliveries are the cascade of the command.
//!
//! Every delivery has a unit of work of its own. If a handler fails, only its own changes are rolled
//! back. The failures of all handlers are reported at the end. A cascade that goes over its budget of
//! deliveries stops with an error: [`Stall`](crate::error::Stall) names the cycle.
//!
//! All of this happens before [`App::process`] returns, in the task that called it. Only calls that
//! lost a race against another writer are repeated; no failure is retried.
//! Alternatively, an app leaves its events to an [`Engine`](crate::Engine), which handles them later.

mod app;
mod builder;
mod cascade;
mod close;
mod cut_off;
pub(crate) mod delivery_log;
mod handling;
mod headers;
mod lost_race;
#[cfg(feature = "personal")]
mod personal;
mod publish;
mod schedule;
#[cfg(feature = "testing")]
pub(crate) mod testing;

pub use app::{App, ProcessResult};
pub use builder::AppBuilder;
pub(crate) use handling::{AttemptOptions, HandlerOutput, Handling, HandlingSuccess, call_within};
pub use headers::Headers;
pub(crate) use lost_race::DELIVERY_TRIES;
pub use schedule::SendOutcome;

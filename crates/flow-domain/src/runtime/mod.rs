//! What runs a domain: the app, and the dispatch of what a command caused.
//!
//! A command is handled and committed first. What it caused is delivered after that, breadth-first in
//! order of commit, for one event in order of registration; every delivery has a unit of work of its
//! own. A handler that fails is rolled back alone and told with all others at the end; what was
//! committed before stays. Over a budget of deliveries the cascade is stopped, never cut off in
//! silence: [`Stall`](crate::error::Stall) names the cycle.
//!
//! All of this happens before [`App::process`] returns, in the task that called it, and nothing is tried
//! again; unless the app leaves events to an [`Engine`](crate::Engine), which handles them later.

mod app;
mod builder;
mod cascade;
mod cascade_trace;
mod close;
mod fork;
mod handling;
mod headers;
mod inspect;
mod publish;
mod rebuild;
mod schedule;

pub use app::{App, ProcessResult};
pub use builder::AppBuilder;
pub(crate) use cascade_trace::{CascadeTrace, TraceStep};
pub(crate) use handling::{AttemptOptions, Handling, HandlingSuccess};
pub use headers::Headers;
pub use inspect::StateType;
pub use rebuild::{RebuildReport, SkippedEvent, StaleRow};
pub use schedule::SendOutcome;

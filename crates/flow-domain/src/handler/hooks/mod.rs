//! What tests do around handlers. In production, `no_hooks.rs` takes the place of this module.

mod call_limits;
mod catalog;
mod interceptor;
mod panic_location;
mod poll_observation;
mod port_hooks;
mod state_reader;
mod tasks;

pub(crate) use super::work::hooks::Rewrite;
pub use call_limits::CallLimits;
pub use interceptor::{EngineAction, Interceptor};
pub(in crate::handler) use panic_location::take_panic_location;
pub use panic_location::{catch, remember_panic_locations};
pub(in crate::handler) use poll_observation::PollObservation;
pub(crate) use port_hooks::Hooks;
pub(in crate::handler) use state_reader::{AggregateReader, RowComparison};
pub use tasks::TaskWatch;

//! What runs a domain: the app, and the dispatch of what a command caused.
//!
//! A command is handled and committed first. What it caused is delivered after that, breadth-first in
//! order of commit, for one event in order of registration; every delivery has a unit of work of its
//! own. A handler that fails is rolled back alone and told with all others at the end; what was
//! committed before stays. Over a budget of deliveries the cascade is stopped, never cut off in
//! silence: [`Stall`](crate::error::Stall) names the cycle.
//!
//! All of this happens before [`App::process`] returns, in the task that called it. Nothing is sent
//! to other processes, and nothing is tried again.

mod app;
mod builder;
mod cascade;
mod handling;
mod headers;
mod look;
mod outside;
mod trail;

pub use app::{App, Processed};
pub use builder::AppBuilder;
pub use headers::Headers;
pub use look::Kept;

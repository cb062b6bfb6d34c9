//! How a domain is put together, and what is wrong with it if it cannot work.

mod builder;
mod cycle;
mod domain;
mod graph;
mod mistake;
mod nearest;
mod verify;
mod warning;

pub use builder::DomainBuilder;
pub use domain::{Domain, HandlerEntry};
pub use graph::{AggregateWiring, CommandWiring, SubscriptionWiring, Wiring};
pub use mistake::{WiringErrors, WiringMistake};
pub use nearest::nearest;
pub use warning::WiringWarning;

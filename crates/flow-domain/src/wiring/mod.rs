//! How a domain is put together, and what is wrong with it if it cannot work.
//!
//! [`DomainBuilder::build`] refuses what cannot work, with all mistakes at once: [`WiringMistake`] has
//! them, one variant each, and its text says what to write instead. [`Domain::check`] tells what is
//! allowed but suspicious: [`WiringWarning`]. [`Domain::wiring`] gives the graph as data,
//! and how each handler is subscribed.
//!
//! What a method raises or issues cannot be seen from outside it. Cycles, and commands that are issued
//! and handled by nobody, are found only where routes say so with
//! [`raises`](crate::handler::RouteOptions::raises) and
//! [`issues`](crate::handler::RouteOptions::issues).

mod builder;
mod catch_all;
mod cycle;
mod domain;
mod graph;
mod handlers;
mod keys;
mod mistake;
mod mistake_display;
mod nearest;
mod subscription_mistake;
mod verify;
mod verify_messages;
mod verify_subscriptions;
mod warning;

pub use builder::DomainBuilder;
pub use domain::{Domain, HandlerEntry};
pub use graph::{AggregateWiring, CommandWiring, SubscriptionWiring, Wiring};
pub use handlers::HandlerWiring;
pub use keys::KeyAdvice;
pub use mistake::{WiringErrors, WiringMistake};
pub use nearest::nearest;
pub use subscription_mistake::SubscriptionMistake;
pub use warning::WiringWarning;

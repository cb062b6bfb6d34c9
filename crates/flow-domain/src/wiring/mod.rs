//! Builds a domain from its parts and checks its wiring.
//!
//! [`DomainBuilder::build`] refuses a domain that cannot work and returns all mistakes at once.
//! Each variant of [`WiringMistake`] is one kind of mistake, and its text says what to write
//! instead. [`Domain::check`] returns a [`WiringWarning`] for everything that is allowed but
//! suspicious. [`DomainBuilder::acknowledge`] says that a warning is known. [`Domain::wiring`] returns the graph and the subscription of each handler as data.
//!
//! The wiring cannot see what a method raises or issues. So a route must declare it with
//! [`raises`](crate::handler::RouteOptions::raises) and
//! [`issues`](crate::handler::RouteOptions::issues). Without such a declaration, cycles and
//! issued commands that nobody handles are not found.

mod acknowledgement;
mod builder;
mod catch_all;
mod cycle;
mod domain;
mod early_events;
mod graph;
mod handlers;
mod keys;
mod mistake;
mod mistake_display;
mod nearest;
mod subscription_mistake;
mod upcast_mistake;
mod verify;
mod verify_messages;
mod verify_subscriptions;
mod verify_upcasts;
mod warning;

pub use acknowledgement::WarningSelector;
pub use builder::DomainBuilder;
pub use domain::{Domain, HandlerEntry};
pub use graph::{AggregateWiring, CommandWiring, SubscriptionWiring, Wiring};
pub use handlers::HandlerWiring;
pub use keys::KeyAdvice;
pub use mistake::{WiringErrors, WiringMistake};
pub use nearest::nearest;
pub use subscription_mistake::SubscriptionMistake;
pub use upcast_mistake::UpcastMistake;
pub use warning::WiringWarning;

//! Systems that are not built on `flow-domain`: described by closures in the test, and run as they are.

mod addressed;
mod call_guard;
mod committed_events;
mod description;
mod event_log;
mod names;
mod route;
mod running;
mod started;
mod view;
mod watched_states;
mod worker;
mod worker_rounds;

pub(crate) use addressed::inspect_event;
pub use addressed::{At, at};
pub use committed_events::CommittedEvents;
pub use description::SystemUnderTest;
pub use worker::WorkerStep;

pub(crate) use route::OwnRejection;
pub(crate) use started::{StartSystem, SystemSettings};
pub(crate) use view::state_type_of;

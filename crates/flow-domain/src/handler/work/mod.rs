//! The unit of work: what one handling loads, changes and raises, committed as a whole or not at all.

mod adding;
mod commit;
mod context;
pub(super) mod history;
// What tests do while a handler writes. In production, the same functions do nothing.
#[cfg(feature = "testing")]
pub(super) mod hooks;
#[cfg(not(feature = "testing"))]
#[path = "no_hooks.rs"]
mod hooks;
mod inbox;
mod indexed;
pub(super) mod load;
mod nested;
#[cfg(feature = "personal")]
mod personal;
mod process_history;
mod savepoint;
mod sending;
mod session;
mod snapshot;
mod tracked_state;
mod unit_of_work;

pub(crate) use commit::CommittedEvent;
pub(crate) use context::HandlingContext;
pub(crate) use inbox::inbox_key;
pub(crate) use load::{load_aggregate, stream_name};
pub(crate) use nested::command_stream;
pub(crate) use session::Session;
pub use unit_of_work::UnitOfWork;

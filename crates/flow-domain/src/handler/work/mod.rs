//! The unit of work: what one handling loads, changes and raises, committed as a whole or not at all.

mod commit;
mod context;
mod inbox;
mod invariants;
mod load;
mod nested;
mod rewrite;
mod sending;
mod session;
mod tracked_state;
mod unit_of_work;

pub(crate) use commit::CommittedEvent;
pub(crate) use context::HandlingContext;
pub(crate) use load::{fold_aggregate, load_aggregate};
pub(crate) use nested::command_stream;
pub(crate) use rewrite::Rewrite;
pub(crate) use session::Session;
pub use unit_of_work::UnitOfWork;

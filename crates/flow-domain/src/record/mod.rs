//! The kinds of handlers and of stored values. With the feature `testing`, also the causal record of
//! a run.
//!
//! The app describes everything that happens as an entry, and logs it with `tracing` at the level
//! `DEBUG`. In tests, a recorder collects the entries.

mod display;
mod entry;
#[cfg(feature = "testing")]
mod recording;
mod rolled_back;

pub use entry::{HandlerKind, Table, TableKind};
// Only tests read entries. Production compiles them for its logs.
#[cfg_attr(not(feature = "testing"), doc(hidden))]
pub use entry::{ClockReason, EntryId, EntryKind, HandlerOutcome, StateChange};
#[cfg(feature = "testing")]
pub use recording::{
    Entry, Invariant, InvariantSet, InvariantViolation, OpenCall, Record, Recorder,
    current_handler_call,
};
#[cfg(feature = "testing")]
pub(crate) use recording::{OverlayMap, enter_handler_call, leave_handler_call};
#[cfg_attr(not(feature = "testing"), doc(hidden))]
pub use rolled_back::{DiscardedEffect, FailureKind, RolledBack};

//! The causal record of a run: everything that happened, each entry with what caused it.
//!
//! One artefact feeds the failure report, the assertions and the comparison of two runs. Nothing
//! is recorded, and nothing is paid for it, unless a [`Recorder`] is given to the app.

mod entry;
mod recorder;
mod show;

pub use entry::{Ended, Entry, EntryId, HandlerKind, Happening, Table, TableKind};
pub use recorder::{Record, Recorder};

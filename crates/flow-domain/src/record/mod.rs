//! The causal record of a run: everything that happened, each entry with its cause.
//!
//! The failure report, the expectations and the comparison of two runs all read this record.
//! Without a [`Recorder`] the app records nothing, and recording costs nothing. A recorder keeps
//! its entries until [`Recorder::drain_into`] takes them out. So it is made for tests, not for
//! production.
//!
//! The entries are numbered in the order in which they happened. Each entry names its cause:
//!
//! | entry | cause |
//! |---|---|
//! | a command was received | the start of the handler that issued it; none for a command from outside |
//! | a handler started, or nobody handles the message | the command, or the appended event |
//! | an event was raised, a state was changed or not found, a handler ended | the start of the handler |
//! | an event was appended | the entry that raised it; none for an event from outside |
//!
//! # Examples
//!
//! ```
//! # use flow_domain::doc_fixture::{PlaceOrder, shop};
//! use std::sync::Arc;
//! use flow_domain::{
//!     App,
//!     adapter::memory::MemoryStore,
//!     record::{EntryKind, Record, Recorder},
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let recorder = Arc::new(Recorder::default());
//! let app = App::builder(shop()?)
//!     .store(MemoryStore::default())
//!     .recorder(Arc::clone(&recorder))
//!     .start();
//! app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
//!
//! let mut record = Record::default();
//! recorder.drain_into(&mut record);
//! let last = record.entries().last().expect("something happened");
//! let first = record.causes(last.id).last().expect("it has a cause");
//! assert!(matches!(first.kind, EntryKind::CommandReceived(_)));
//! # Ok::<(), flow_domain::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod current_call;
mod display;
mod entry;
mod invariant;
mod overlay_map;
mod recorder;
mod rolled_back;

#[doc(hidden)]
pub use current_call::current_handler_call;
pub(crate) use current_call::run_in_handler_call;
pub use entry::{
    Entry, EntryId, EntryKind, HandlerKind, HandlerOutcome, StateChange, Table, TableKind,
};
pub use invariant::{Invariant, InvariantSet, InvariantViolation};
pub(crate) use overlay_map::OverlayMap;
pub use recorder::{Record, Recorder};
pub use rolled_back::{DiscardedEffect, FailureKind, RolledBack};

//! The causal record of a run: everything that happened, each entry with what caused it.
//!
//! One artefact feeds the failure report, the assertions and the comparison of two runs. Nothing
//! is recorded, and nothing is paid for it, unless a [`Recorder`] is given to the app. It keeps what
//! it was told until [`Recorder::update`] takes it out, so it is made for tests, not for production.
//!
//! The entries are numbered in the order in which they happened, and each names its cause:
//!
//! | entry | is caused by |
//! |---|---|
//! | a command was received | the handler that issued it; nothing, if it came from outside |
//! | a handler started, or nobody handles it | the command, or the event that was appended |
//! | an event was raised, a value was written or looked for in vain, a handling ended | the start of the handler |
//! | an event was appended | its raising; nothing, if it came from outside |
//!
//! # Examples
//!
//! ```
//! # use flow_domain::doc_fixture::{PlaceOrder, shop};
//! use std::sync::Arc;
//! use flow_domain::{
//!     App,
//!     adapter::memory::MemoryStore,
//!     record::{Happening, Record, Recorder},
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
//! recorder.update(&mut record);
//! let last = record.entries().last().expect("something happened");
//! let first = record.causes(last.id).last().expect("it has a cause");
//! assert!(matches!(first.what, EntryKind::CommandReceived(_)));
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

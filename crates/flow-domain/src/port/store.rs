use std::sync::Arc;

use crate::{
    message::Recorded,
    port::{AggregateStore, Changes, EventStore, Ledger, Outbox, PortFuture, ProjectionStore},
};

/// Reads and writes all data of a domain.
///
/// The id of a stream, a state or a row is a key. It has 1 to 512 bytes, and no control characters
/// (U+0000 to U+001F, and U+007F); the callers check this. Two ids are the same only if all their
/// bytes are.
///
/// The feature `testing` adds the rules as contract tests that any adapter can run, in
/// `testing::contract`.
pub trait Store: EventStore + AggregateStore + ProjectionStore + Outbox + Ledger {
    /// Writes all of `changes` or nothing, and returns the recorded events in the same order.
    ///
    /// Versions and positions grow in the order of the events in `changes`.
    ///
    /// # Errors
    ///
    /// Returns an error if a stream, state or row is not at the expected version.
    /// [`Error::is_conflict`](crate::Error::is_conflict) returns true for this error. The error
    /// names the writer, the target and both versions. The runtime answers it with a fresh load and another
    /// call of the handler, so it must mean that nothing was written.
    ///
    /// Returns an error for which [`Error::is_fenced`](crate::Error::is_fenced) returns true if the
    /// epoch of a fence is over.
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>>;

    /// Returns an independent store with the same content, or `None` if the adapter cannot fork.
    ///
    /// The cost must not grow with the size of the store.
    #[cfg_attr(not(feature = "testing"), doc(hidden))]
    fn fork(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// Releases resources outside of the process, such as connections.
    ///
    /// The default does nothing. See [`App::close`](crate::App::close).
    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::ready(Ok(()))
    }
}

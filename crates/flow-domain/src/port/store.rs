use std::sync::Arc;

use crate::{
    message::Recorded,
    port::{AggregateStore, Changes, EventStore, Outbox, PortFuture, ProjectionStore},
};

/// Reads and writes everything that a domain keeps.
///
/// [`port::contract`](crate::port::contract) has the laws as tests that any adapter can run.
pub trait Store: EventStore + AggregateStore + ProjectionStore + Outbox {
    /// Writes all of `changes` or none of it, and returns the events with their places, in order.
    ///
    /// Versions and positions grow by the order of the events in `changes`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_conflict`](crate::Error::is_conflict) is true if a stream, state or row is at
    /// another version than expected; it names who wrote, what, and both versions.
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>>;

    /// Returns a store with the same content that goes its own way from here on, if this adapter can do
    /// that at a cost that does not grow with what it holds.
    fn fork(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// Gives back what is held outside of the process, such as connections; see
    /// [`App::close`](crate::App::close). Nothing by default.
    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::ready(Ok(()))
    }
}

use crate::{
    message::Recorded,
    port::{AggregateStore, Answer, Changes, EventStore, ProjectionStore},
};

/// Reads and writes everything that a domain keeps.
///
/// [`port::contract`](crate::port::contract) has the laws as tests that any adapter can run.
pub trait Store: EventStore + AggregateStore + ProjectionStore {
    /// Writes all of `changes` or none of it, and returns the events with their places, in order.
    ///
    /// Versions and positions grow by the order of the events in `changes`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_conflict`](crate::Error::is_conflict) is true if a stream, state or row is at
    /// another version than expected; it names who wrote, what, and both versions.
    fn commit<'a>(&'a self, changes: &'a Changes) -> Answer<'a, Vec<Recorded>>;
}

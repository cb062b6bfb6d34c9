use std::fmt;

use crate::{
    message::{Position, Recorded, StreamName, Version},
    port::PortFuture,
};

/// Keeps streams of recorded events.
pub trait EventStore: fmt::Debug + Send + Sync {
    /// Reads up to `limit` events of `stream` that come after `after`, oldest first.
    ///
    /// A stream that was never written is empty. There are more events if exactly `limit` come
    /// back.
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// Reads up to `limit` events of every stream in `category` that were recorded after `after`,
    /// oldest first; of all categories if it is `None`.
    ///
    /// An empty result means that there is nothing yet, not that there never will be.
    /// Implementations must not return an event while one with a smaller position may still commit:
    /// a subscription that has gone past a gap never sees what fills it.
    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// The position of the last event; [`Position::START`] if there is none.
    fn last_position(&self) -> PortFuture<'_, Position>;
}

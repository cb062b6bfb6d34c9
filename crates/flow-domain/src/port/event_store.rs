use std::fmt;

use crate::{
    message::{Position, Recorded, StreamName, Version},
    port::PortFuture,
};

/// Stores streams of recorded events.
pub trait EventStore: fmt::Debug + Send + Sync {
    /// Reads up to `limit` events of `stream` after version `after`, oldest first.
    ///
    /// A stream that nobody has written to has no events. If exactly `limit` events come back,
    /// there may be more.
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// Reads up to `limit` events of all streams in `category` after position `after`, oldest first.
    ///
    /// If `category` is `None`, it reads the events of all categories. An empty result means that there
    /// is no such event yet.
    ///
    /// Implementations must not return an event while an event with a smaller position may still be
    /// committed. A subscription that has read past a gap in the positions never sees the event that
    /// fills the gap.
    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// Returns the position of the last event, or [`Position::START`] if there is none.
    fn last_position(&self) -> PortFuture<'_, Position>;
}

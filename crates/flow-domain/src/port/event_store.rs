use std::fmt;

use crate::{
    message::{Position, Recorded, StreamName, Version},
    port::{Cursor, PortFuture},
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

    /// Reads up to `limit` events after the cursors, in the order of commit, and moves the cursors.
    ///
    /// It reads the events of `categories`, or of all categories if this is `None`. A cursor is for one
    /// of `n_partitions` partitions; see [`StreamName::partition`]. Each cursor moves to the position
    /// up to which its partition was read. This may be past the last event of the partition.
    ///
    /// Implementations must not return an event while an event with a smaller position may still be
    /// committed. A subscription that has read past a gap in the positions never sees the event that
    /// fills the gap.
    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// Reads up to `limit` events of all streams in `category` after position `after`, oldest first.
    ///
    /// If `category` is `None`, it reads the events of all categories. An empty result means that there
    /// is no such event yet. The rule for gaps applies here, too.
    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>>;

    /// Reads the events at some positions, each once and oldest first. It leaves out those that do not exist.
    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>>;

    /// Returns the last position that a read could return now, or [`Position::START`].
    ///
    /// It is safe to start reading there: no event at or before it can still be committed.
    fn last_position(&self) -> PortFuture<'_, Position>;
}

use std::{fmt, time::Duration};

use crate::{
    message::{Payload, Version},
    port::{PortFuture, RowKeys},
    record::Table,
};

/// A stored value and its version.
///
/// The version starts at 1 and grows with every write. A deletion does not reset it. A value that
/// is created again has no version that the deleted value had, until the store
/// [forgets](AggregateStore::forget) it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The version after the last write.
    pub version: Version,
    /// The value.
    pub value: Payload,
    /// The sort keys that were written with the value.
    pub keys: RowKeys,
}

/// Stores the state of aggregates and process managers.
///
/// It also stores the data of an engine: inboxes and dead letters.
pub trait AggregateStore: fmt::Debug + Send + Sync {
    /// Loads the state with this `id` from `table`, or returns `None` if there is none.
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>>;

    /// Deletes what must be known for a time only, and returns the number of deleted values.
    ///
    /// These are the rows of [inboxes](crate::record::TableKind::Inbox) and of
    /// [process histories](crate::record::TableKind::ProcessHistory) whose last write was `age` ago or earlier,
    /// and the versions of values that were deleted then. The store measures the age by its own clock.
    ///
    /// It may leave some for the next call, so that no call takes long. If it returns 0, nothing is left.
    fn forget(&self, age: Duration) -> PortFuture<'_, usize>;
}

use std::fmt;

use crate::{
    message::{Payload, Version},
    port::{PortFuture, RowKeys},
    record::Table,
};

/// A stored value and its version.
///
/// The version starts at 1 and grows with every write. A deletion does not reset it. A value that
/// is created again never has a version that the deleted value had.
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
}

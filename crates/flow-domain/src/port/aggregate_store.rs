use std::fmt;

use crate::{
    message::{Payload, Version},
    port::PortFuture,
    record::Table,
};

/// A stored value and its version, which grows with every write from 1.
///
/// It grows over a deletion, too: a value that is made anew never has the version of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The version that its last write gave it.
    pub version: Version,
    /// The value.
    pub value: Payload,
}

/// Keeps the state of aggregates and of process managers, and what an engine needs to remember: inboxes,
/// checkpoints and dead letters.
pub trait AggregateStore: fmt::Debug + Send + Sync {
    /// Loads the state that `table` keeps under `id`.
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>>;
}

use std::fmt;

use crate::{
    message::{Payload, Version},
    port::Answer,
    record::Table,
};

/// A stored value and its version, which counts its writes from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// How often it was written.
    pub version: Version,
    /// The value.
    pub value: Payload,
}

/// Keeps the state of aggregates and of process managers.
pub trait AggregateStore: fmt::Debug + Send + Sync {
    /// Loads the state that `table` keeps under `id`.
    fn load<'a>(&'a self, table: Table, id: &'a str) -> Answer<'a, Option<Stored>>;
}

use std::{fmt, sync::Arc};

use crate::{
    message::{Payload, Version},
    port::{Condition, PortFuture, Query, StoredState},
    record::Table,
};

/// A row of a projection with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The id of the row.
    pub id: Arc<str>,
    /// The content of the row.
    pub value: Payload,
}

/// Stores the rows of projections.
///
/// [`query`](Self::query) and [`count`](Self::count) also work with tables of other kinds.
pub trait ProjectionStore: fmt::Debug + Send + Sync {
    /// Returns the row with this `id` in `table`, or `None` if there is none.
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>>;

    /// Returns the rows that match `query`, in the order that `query` asks for.
    ///
    /// Rows that are equal in this order are sorted by the bytes of their ids. A store should have an
    /// index of each declared field, so that its cost does not grow with the number of rows that do
    /// not match.
    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>>;

    /// Counts the rows that meet all `conditions`.
    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize>;

    /// Returns the sum of the versions of all rows in `table`, and of those deleted rows whose version is known.
    ///
    /// Each write and each deletion of a row adds one. It may read the whole table.
    fn table_version(&self, table: Table) -> PortFuture<'_, Version>;
}

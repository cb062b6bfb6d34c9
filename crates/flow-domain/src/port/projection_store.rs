use std::{fmt, sync::Arc};

use crate::{
    message::Payload,
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
/// [`query`](Self::query) and [`count`](Self::count) also find the rows of any other table.
pub trait ProjectionStore: fmt::Debug + Send + Sync {
    /// Gets the row with this `id` from `table`.
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>>;

    /// Returns the rows that match `query`, in its order.
    ///
    /// Rows that are equal in this order are sorted by id.
    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>>;

    /// Counts the rows for which all `conditions` hold.
    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize>;
}

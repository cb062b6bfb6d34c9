use std::{fmt, sync::Arc};

use crate::{
    message::Payload,
    port::{Condition, PortFuture, Query, StoredState},
    record::Table,
};

/// A row of a projection with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The id that it is kept under.
    pub id: Arc<str>,
    /// The row.
    pub value: Payload,
}

/// Keeps the rows of projections. [`query`](Self::query) and [`count`](Self::count) find those of any
/// other table as well.
pub trait ProjectionStore: fmt::Debug + Send + Sync {
    /// Gets the row that `table` keeps under `id`.
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>>;

    /// Finds the rows that `query` asks for, in its order.
    ///
    /// Rows that the query puts on a level come in the order of their ids.
    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>>;

    /// Counts the rows for which all `conditions` hold.
    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize>;
}

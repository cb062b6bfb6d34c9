//! The ports: the traits that every adapter implements.
//!
//! Each kind of data has its own trait for reading. All writing goes through one method,
//! [`Store::commit`]. It writes the events, states and rows of one unit of work whole or not at all.
//!
//! A [`Broker`] and an [`EventStore`] are both logs in partitions, which an engine reads with
//! [`Cursor`]s. The [`Ledger`] of the store says which engine owns a partition and what is done.
//!
//! Nothing is locked between a read and a commit. A commit names the versions that it is based on. The
//! store refuses the commit if one of these versions is stale.

mod aggregate_store;
mod broker;
mod changes;
mod event_store;
mod forwarding;
mod ledger;
mod outbox;
mod port_future;
mod projection_store;
mod query;
mod row_keys;
mod store;

use std::pin::Pin;

pub use aggregate_store::{AggregateStore, StoredState};
pub use broker::{Broker, Lane, LogMessage, Publication, PublishResult, StartFrom, Topic};
pub use changes::{Changes, Durability, ExpectedStream, TableChange, Write};
pub use event_store::EventStore;
pub use ledger::{
    Cursor, Fence, HeldPartition, Ledger, LedgerWrite, Turn, TurnResult, WonPartition,
};
pub use outbox::{
    Claim, Outbox, OutboxDue, OutboxRow, OutboxState, Outgoing, SendResult, Settlement,
};
pub use port_future::PortFuture;
pub use projection_store::{ProjectionStore, Row};
pub use query::{
    Comparison, Condition, Direction, FieldValue, OrderBy, QueriedRow, Query, compare_sort_values,
};
pub use row_keys::RowKeys;
pub use store::Store;

/// A future on the heap.
#[doc(hidden)]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

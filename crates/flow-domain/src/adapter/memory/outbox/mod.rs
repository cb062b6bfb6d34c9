//! The rows of the outbox.
//!
//! Unsent, scheduled, published and abandoned rows each have their own collection. Each collection
//! is made for fast look-ups of its kind of row.

mod outbox_table;
mod scheduled_rows;
mod unsent_rows;

pub(super) use outbox_table::OutboxTable;

//! The rows of the outbox.
//!
//! Unsent, scheduled, published and abandoned rows each have their own collection. It makes the look-ups
//! for this kind of row fast.

mod outbox_table;
mod scheduled_rows;
mod unsent_rows;

pub(super) use outbox_table::OutboxTable;

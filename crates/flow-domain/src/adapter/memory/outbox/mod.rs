//! The rows of the outbox.
//!
//! Unsent, scheduled, published and abandoned rows each have their own collection. Each collection
//! is made for fast look-ups of its kind of row.

mod outbox_table;
mod scheduled_rows;
mod stream_index;
mod unsent_rows;

pub(super) use outbox_table::OutboxTable;

use crate::clock::Timestamp;

/// Before all times, so that a row without a due time never waits.
const AT_ONCE: Timestamp = Timestamp::from_micros(i64::MIN);

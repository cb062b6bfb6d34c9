//! The rows of the outbox, each where it is found at once: what is to be sent, what is scheduled for
//! later, what was sent and what was given up.

mod outbox_table;
mod scheduled_rows;
mod unsent_rows;

pub(super) use outbox_table::OutboxTable;

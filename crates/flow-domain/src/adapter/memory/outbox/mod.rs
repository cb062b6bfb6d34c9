//! The rows of the outbox, each where it is found at once: what is to be sent, what is scheduled for
//! later, what was sent and what was given up.

mod later;
mod open;
mod rows;

pub(super) use rows::Outbox;

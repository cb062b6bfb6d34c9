//! Events of yesterday and of tomorrow in a test flow.

mod given_stored;
mod paused_streams;
mod tickets;

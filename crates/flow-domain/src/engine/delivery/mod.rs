//! How a message gets from where it waits to its handler, and what becomes of it there: the code that
//! production and tests share.

pub(in crate::engine) mod attempt;
mod breaker;
pub(in crate::engine) mod broker_feed;
pub(in crate::engine) mod checkpoint;
pub(in crate::engine) mod consumer;
pub(in crate::engine) mod incoming;
mod inline;
mod settling;
pub(in crate::engine) mod store_feed;

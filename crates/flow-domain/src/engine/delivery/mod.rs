//! Delivers a message from its source to its handler and settles it. Production and tests share
//! this code.

pub(in crate::engine) mod attempt;
mod breaker;
pub(in crate::engine) mod broker_feed;
pub(in crate::engine) mod checkpoint;
pub(in crate::engine) mod consumer;
pub(in crate::engine) mod incoming;
mod inline;
pub(in crate::engine) mod paused;
mod settling;
pub(in crate::engine) mod store_feed;

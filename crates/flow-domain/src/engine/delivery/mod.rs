//! Delivers a message from its source to its handler and settles it. Production and tests share
//! this code.

pub(in crate::engine) mod attempt;
mod breaker;
pub(in crate::engine) mod consumer;
mod feed;
pub(in crate::engine) mod incoming;
mod inline;
pub(in crate::engine) mod ledger_row;
pub(in crate::engine) mod partitions;
pub(in crate::engine) mod paused;
pub(in crate::engine) mod queue;
mod saving;
mod settling;
mod starting;
pub(in crate::engine) mod trimming;

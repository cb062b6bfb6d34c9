//! What the laws of a store do not ask: how a memory store forks, and in which order it sends.

mod fork;
mod model;
mod outbox;

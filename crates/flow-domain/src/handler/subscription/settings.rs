use std::time::Duration;

use crate::{
    handler::subscription::{CircuitBreaker, RetryPolicy},
    port::StartFrom,
};

/// From where a subscription is told of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A relay publishes what was committed to the broker; each message is acknowledged by itself.
    #[default]
    Broker,
    /// The event store is read in the order of commit, from a checkpoint on.
    EventStore,
}

/// What becomes of a message that failed and is not tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenExhausted {
    /// It is kept as a dead letter, to be looked at and replayed.
    #[default]
    DeadLetter,
    /// It is let go; the record and the log tell of it.
    Skip,
}

/// How a handler is subscribed, after all defaults were filled in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SubscriptionSettings {
    /// From where it is told.
    pub source: Source,
    /// How many messages are read at once.
    pub batch_size: usize,
    /// How many are handled at once, by one engine.
    pub concurrency: usize,
    /// Whether the messages of one stream are handled one after the other.
    pub ordered: bool,
    /// Where it begins when it is new.
    pub start: StartFrom,
    /// How often a message is tried.
    pub retry: RetryPolicy,
    /// What becomes of a message that is not tried again.
    pub when_exhausted: WhenExhausted,
    /// How long one attempt may take.
    pub time_limit: Duration,
    /// When it pauses because nothing succeeds.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// The category of the messages that must have caused an event, if only such are wanted.
    pub origin: Option<&'static str>,
    /// Whether a message that comes again is let go.
    pub once: bool,
}

use std::time::Duration;

use crate::{
    handler::subscription::{CircuitBreaker, RetryPolicy},
    port::StartFrom,
};

/// The source of a subscription's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The broker. The relay publishes committed messages to it.
    #[default]
    Broker,
    /// The event store, read in the order of commit.
    EventStore,
}

/// What happens to a message after its last failed attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenExhausted {
    /// It is stored as a dead letter, to be inspected and replayed.
    #[default]
    DeadLetter,
    /// It is skipped. The record and the log report it.
    Skip,
}

/// The settings of one subscription, with all defaults applied.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SubscriptionSettings {
    /// Where its messages come from.
    pub source: Source,
    /// How many messages are read at once.
    pub batch_size: usize,
    /// How many messages one engine handles at once.
    pub concurrency: usize,
    /// Whether the messages of one stream are handled in order.
    pub ordered: bool,
    /// Where a new subscription starts to read.
    pub start: StartFrom,
    /// How often a message is tried, and how long to wait in between.
    pub retry: RetryPolicy,
    /// What happens to a message after its last failed attempt.
    pub when_exhausted: WhenExhausted,
    /// How long one attempt may take.
    pub time_limit: Duration,
    /// After how many failures in a row the subscription pauses, and how long; `None` means never.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Skips every event that was not caused by a message of this category; `None` skips no event.
    pub origin: Option<&'static str>,
    /// Whether a message is skipped if the handler has handled it before.
    pub once: bool,
}

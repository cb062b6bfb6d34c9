use std::time::Duration;

use crate::handler::subscription::{
    CircuitBreaker, RetryPolicy, Source, SubscriptionSettings, WhenExhausted,
};

/// A set of settings for one kind of work.
///
/// | | source | batch | attempts | first delay | time limit | exhausted |
/// |---|---|---|---|---|---|---|
/// | `Production` | broker | 100 | 4 | 1 s | 30 s | dead letter |
/// | `Fast` | broker | 10 | 3 | none | 5 s | dead letter |
/// | `Batch` | broker | 500 | 6 | 2 s | 5 min | dead letter |
/// | `Debug` | broker | 1 | 1 | | 1 h | skip |
/// | `Projection` | event store | 100 | 4 | 1 s | 30 s | dead letter |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Fits most handlers.
    #[default]
    Production,
    /// Small batches and no delay before a retry, for results that a user waits for.
    Fast,
    /// Large batches, long limits and more attempts, for imports and migrations.
    Batch,
    /// One message at a time, tried once.
    Debug,
    /// Reads from the event store, without a broker.
    Projection,
}

impl Profile {
    /// Returns the settings of the profile.
    pub const fn settings(self) -> SubscriptionSettings {
        let production = SubscriptionSettings {
            source: Source::Broker,
            batch_size: 100,
            concurrency: 1,
            ordered: true,
            start: crate::port::StartFrom::Beginning,
            retry: RetryPolicy::attempts(4),
            when_exhausted: WhenExhausted::DeadLetter,
            time_limit: Duration::from_secs(30),
            circuit_breaker: Some(CircuitBreaker::DEFAULT),
            origin: None,
            once: false,
        };

        match self {
            Self::Production => production,
            Self::Fast => SubscriptionSettings {
                batch_size: 10,
                retry: RetryPolicy::attempts(3).first_delay(Duration::ZERO),
                time_limit: Duration::from_secs(5),
                ..production
            },
            Self::Batch => SubscriptionSettings {
                batch_size: 500,
                retry: RetryPolicy::attempts(6).first_delay(Duration::from_secs(2)),
                time_limit: Duration::from_secs(300),
                ..production
            },
            Self::Debug => SubscriptionSettings {
                batch_size: 1,
                retry: RetryPolicy::never(),
                when_exhausted: WhenExhausted::Skip,
                time_limit: Duration::from_secs(3_600),
                ..production
            },
            Self::Projection => SubscriptionSettings {
                source: Source::EventStore,
                ..production
            },
        }
    }
}

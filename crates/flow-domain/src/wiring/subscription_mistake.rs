use std::{fmt, time::Duration};

/// A subscription option that cannot work. Its text continues a sentence that begins with the
/// handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum SubscriptionMistake {
    /// The batch size is zero.
    EmptyBatch,
    /// The concurrency is zero.
    NoConcurrency,
    /// The retry policy allows no attempt.
    NoAttempts,
    /// A call is never tried.
    NoConflictTries,
    /// The jitter is more than 100 percent of a delay.
    JitterTooLarge { percent: u8 },
    /// The first delay is longer than the longest.
    FirstDelayTooLong { first: Duration, longest: Duration },
    /// The time limit of an attempt is zero.
    ZeroTimeLimit,
    /// The circuit breaker opens after zero failures.
    ZeroBreakerThreshold,
    /// The pause of the circuit breaker is zero.
    ZeroBreakerPause,
    /// The origin is a category that no aggregate and no event from outside has.
    UnknownOrigin {
        category: &'static str,
        nearest: Option<String>,
    },
    /// A command handler names an origin.
    OriginOnCommandHandler { category: &'static str },
    /// A command handler reads from the event store.
    CommandsFromEventStore,
}

impl fmt::Display for SubscriptionMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyBatch => f.write_str(
                "sets `.batch_size(0)`, so no message is ever read\n     \
                 write `.batch_size(1)` or more, or remove `.batch_size(0)`",
            ),
            Self::NoConcurrency => f.write_str(
                "sets `.concurrency(0)`, so no message is ever handled\n     \
                 write `.concurrency(1)` or more, or remove `.concurrency(0)`",
            ),
            Self::NoAttempts => f.write_str(
                "sets `RetryPolicy::attempts(0)`, so no message is ever handled\n     \
                 write the number of all attempts, or `RetryPolicy::never()` for one attempt",
            ),
            Self::NoConflictTries => f.write_str(
                "sets `.conflict_tries(0)`, so no message is ever handled\n     \
                 write the number of all tries, or `.conflict_tries(1)` to repeat nothing",
            ),
            Self::JitterTooLarge { percent } => write!(
                f,
                "sets `.jitter_percent({percent})`, but a delay cannot be shortened by more than 100 percent\n     \
                 write `.jitter_percent(100)` or less"
            ),
            Self::FirstDelayTooLong { first, longest } => write!(
                f,
                "sets a first delay of {first:?}, which is longer than the longest delay of {longest:?}\n     \
                 write a `.longest_delay(..)` of {first:?} or more, or a shorter `.first_delay(..)`"
            ),
            Self::ZeroTimeLimit => f.write_str(
                "sets a `.time_limit(..)` of zero, so every attempt fails\n     \
                 write how long one attempt may take: `.time_limit(Duration::from_secs(30))`",
            ),
            Self::ZeroBreakerThreshold => f.write_str(
                "sets `CircuitBreaker { threshold: 0, .. }`, but a circuit breaker opens only after a failure\n     \
                 write `threshold: 1` or more, or `.circuit_breaker(None)` for none",
            ),
            Self::ZeroBreakerPause => f.write_str(
                "sets `CircuitBreaker { pause: Duration::ZERO, .. }`, so the circuit breaker never pauses\n     \
                 write how long it pauses: `pause: Duration::from_secs(60)`, or `.circuit_breaker(None)` for none",
            ),
            Self::UnknownOrigin { category, nearest } => {
                write_unknown_origin(f, category, nearest.as_deref())
            }
            Self::OriginOnCommandHandler { category } => write!(
                f,
                "sets `.origin(\"{category}\")`, but commands are never skipped because of their origin\n     \
                 remove `.origin(..)`, or reject the command in the method"
            ),
            Self::CommandsFromEventStore => f.write_str(
                "reads from the event store, but the event store has no commands\n     \
                 remove `.source(Source::EventStore)`, or use a profile other than `Projection`",
            ),
        }
    }
}

fn write_unknown_origin(
    f: &mut fmt::Formatter<'_>,
    category: &str,
    nearest: Option<&str>,
) -> fmt::Result {
    write!(
        f,
        "sets `.origin(\"{category}\")`, but no aggregate and no event from outside has this category\n     "
    )?;
    match nearest {
        Some(nearest) => write!(f, "did you mean `{nearest}`?"),
        None => f.write_str("register the aggregate that has it, or remove `.origin(..)`"),
    }
}

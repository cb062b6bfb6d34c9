use std::{fmt, time::Duration};

/// What is said of a subscription that cannot work. Its text goes on after who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum SubscriptionMistake {
    /// Nothing is read at once.
    EmptyBatch,
    /// Nothing is handled at once.
    NoConcurrency,
    /// Several messages are handled at once that come from the event store.
    ParallelFromEventStore { concurrency: usize },
    /// A message is never tried.
    NoAttempts,
    /// A delay is shortened by more than all of it.
    JitterTooLarge { percent: u8 },
    /// The first delay is longer than the longest.
    FirstDelayTooLong { first: Duration, longest: Duration },
    /// An attempt has no time.
    ZeroTimeLimit,
    /// The circuit breaker opens after no failures.
    ZeroBreakerThreshold,
    /// The circuit breaker pauses for no time.
    ZeroBreakerPause,
    /// What caused an event must have a category that nothing has.
    UnknownOrigin {
        category: &'static str,
        nearest: Option<String>,
    },
    /// A command handler names what must have caused its messages.
    OriginOnCommandHandler { category: &'static str },
    /// A command handler reads from the event store.
    CommandsFromEventStore,
}

impl fmt::Display for SubscriptionMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyBatch => f.write_str(
                "says `.batch_size(0)`, so that no message is ever read\n     \
                 write `.batch_size(1)` or more, or remove it",
            ),
            Self::NoConcurrency => f.write_str(
                "says `.concurrency(0)`, so that no message is ever handled\n     \
                 write `.concurrency(1)` or more, or remove it",
            ),
            Self::ParallelFromEventStore { concurrency } => write!(
                f,
                "reads from the event store with `.concurrency({concurrency})`, but there one reader keeps the checkpoint\n     \
                 write `.concurrency(1)`, or `.source(Source::Broker)`"
            ),
            Self::NoAttempts => f.write_str(
                "says `RetryPolicy::attempts(0)`, so that no message is ever tried\n     \
                 write the number of all attempts, or `RetryPolicy::never()` for one",
            ),
            Self::JitterTooLarge { percent } => write!(
                f,
                "says `.jitter_percent({percent})`, but no delay can be shortened by more than all of it\n     \
                 write `.jitter_percent(100)` or less"
            ),
            Self::FirstDelayTooLong { first, longest } => write!(
                f,
                "waits {first:?} after the first failure, but {longest:?} at most\n     \
                 write a `.longest_delay(..)` of {first:?} or more, or a shorter `.first_delay(..)`"
            ),
            Self::ZeroTimeLimit => f.write_str(
                "says `.time_limit(..)` with no time at all, so that every attempt fails\n     \
                 write how long one attempt may take: `.time_limit(Duration::from_secs(30))`",
            ),
            Self::ZeroBreakerThreshold => f.write_str(
                "says `CircuitBreaker { threshold: 0, .. }`, but only a failure can make it pause\n     \
                 write `threshold: 1` or more, or `.circuit_breaker(None)` for none",
            ),
            Self::ZeroBreakerPause => f.write_str(
                "says `CircuitBreaker { pause: Duration::ZERO, .. }`, which pauses for no time\n     \
                 write how long: `pause: Duration::from_secs(60)`, or `.circuit_breaker(None)` for none",
            ),
            Self::UnknownOrigin { category, nearest } => {
                write!(
                    f,
                    "says `.origin(\"{category}\")`, a category that no aggregate and no event from outside has\n     "
                )?;

                match nearest {
                    Some(nearest) => write!(f, "did you mean `{nearest}`?"),
                    None => f.write_str("register the aggregate that has it, or remove the origin"),
                }
            }
            Self::OriginOnCommandHandler { category } => write!(
                f,
                "says `.origin(\"{category}\")`, but handles commands, which are never let go\n     \
                 remove it, or refuse the command in the method"
            ),
            Self::CommandsFromEventStore => f.write_str(
                "reads from the event store, where there are no commands\n     \
                 remove `.source(Source::EventStore)`, or name another profile than `Projection`",
            ),
        }
    }
}

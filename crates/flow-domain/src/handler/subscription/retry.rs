use std::{fmt, time::Duration};

use crate::error::Error;

/// How often a failed delivery is tried again, and how long the delays in between are.
///
/// The delay doubles with every attempt, up to a limit. Then it is shortened by a random part, the
/// jitter, so that messages that failed together are not retried together. Under the harness, the
/// jitter is the same in every run.
///
/// A conflict with another writer is no failure: see
/// [`conflict_tries`](crate::handler::SubscriptionOptions::conflict_tries).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use flow_domain::RetryPolicy;
///
/// let patient = RetryPolicy::attempts(5)
///     .first_delay(Duration::from_secs(2))
///     .longest_delay(Duration::from_secs(60))
///     .jitter_percent(0);
///
/// assert_eq!(patient.delay_after(1, 0), Duration::from_secs(2));
/// assert_eq!(patient.delay_after(3, 0), Duration::from_secs(8));
/// assert_eq!(patient.delay_after(30, 0), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) first_delay: Duration,
    pub(crate) longest_delay: Duration,
    pub(crate) jitter_percent: u8,
    is_retryable: fn(&Error) -> bool,
}

impl RetryPolicy {
    /// Returns a policy with this number of attempts, the first included.
    ///
    /// The delay before the second attempt is one second.
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(300),
            jitter_percent: 20,
            is_retryable: is_retryable_by_default,
        }
    }

    /// Returns a policy with one attempt.
    pub const fn never() -> Self {
        Self::attempts(1)
    }

    /// Sets the delay after the first failure.
    pub const fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// Sets the longest delay.
    pub const fn longest_delay(mut self, delay: Duration) -> Self {
        self.longest_delay = delay;
        self
    }

    /// Sets by how much a delay may be shortened at random, in percent: 0 to 100.
    pub const fn jitter_percent(mut self, percent: u8) -> Self {
        self.jitter_percent = percent;
        self
    }

    /// Sets which errors are retried.
    ///
    /// By default these are all errors but rejections and mistakes in the program: see
    /// [`Error::is_setup`], [`Error::is_codec`] and [`Error::is_no_handler`].
    pub const fn retry_if(mut self, is_retryable: fn(&Error) -> bool) -> Self {
        self.is_retryable = is_retryable;
        self
    }

    /// Returns the delay after the attempt with this number, from 1.
    ///
    /// The jitter depends on `chance`, which may be any number.
    pub fn delay_after(&self, attempt: u32, chance: u64) -> Duration {
        // 31 is the largest shift of a `u32`. Such a delay is over any sensible limit.
        let n_doublings = attempt.saturating_sub(1).min(31);
        let delay = self
            .first_delay
            .saturating_mul(1 << n_doublings)
            .min(self.longest_delay);

        // Hundredths (the percentage) times thousandths (`chance % 1_000`) gives parts of 100,000.
        let jitter = u64::from(self.jitter_percent.min(100)) * (chance % 1_000);
        let shortened = delay.as_nanos() * u128::from(100_000 - jitter) / 100_000;

        Duration::from_nanos(u64::try_from(shortened).unwrap_or(u64::MAX))
    }

    /// Returns true if there is another attempt after this one failed with `err`.
    pub(crate) fn should_retry(&self, attempt: u32, err: &Error) -> bool {
        attempt < self.attempts && (self.is_retryable)(err)
    }
}

/// Returns true unless another attempt would fail in the same way.
fn is_retryable_by_default(err: &Error) -> bool {
    !err.is_rejection() && !err.is_setup() && !err.is_codec() && !err.is_no_handler()
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts", &self.attempts)
            .field("first_delay", &self.first_delay)
            .field("longest_delay", &self.longest_delay)
            .field("jitter_percent", &self.jitter_percent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_shortens_a_delay_and_never_lengthens_it() {
        let policy = RetryPolicy::attempts(3).jitter_percent(20);

        assert_eq!(policy.delay_after(1, 0), Duration::from_secs(1));
        assert_eq!(policy.delay_after(1, 500), Duration::from_millis(900));
        assert!(Duration::from_millis(800) < policy.delay_after(1, 999));
    }

    #[test]
    fn retry_skips_errors_that_another_attempt_cannot_fix() {
        let policy = RetryPolicy::attempts(3);

        assert!(policy.should_retry(2, &Error::failed("sending", "timed out")));
        assert!(!policy.should_retry(3, &Error::failed("sending", "timed out")));
        assert!(!policy.should_retry(1, &Error::setup("not registered")));
    }
}

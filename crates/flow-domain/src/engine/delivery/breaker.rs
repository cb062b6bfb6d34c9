use std::time::Duration;

use crate::{clock::Timestamp, handler::CircuitBreaker};

/// The circuit breaker of a subscription: pauses it after several failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Breaker {
    n_failures: u32,
    /// The end of the pause. It stays set until a message succeeds; after the pause, the breaker
    /// lets through one message at a time.
    open_until: Option<Timestamp>,
    /// The length of the pause.
    pause: Duration,
}

impl Breaker {
    /// Returns when the pause ends, if the breaker is open at `now`.
    ///
    /// A pause that would last longer than at its beginning is over: the clock was set back.
    pub(in crate::engine) fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.open_until
            .filter(|until| now < *until && *until <= now + self.pause)
    }

    /// Returns how many messages may be tried at once.
    ///
    /// After the breaker opened, that is one until a message succeeds; else `normal_limit`.
    pub(in crate::engine) fn limit(&self, normal_limit: usize) -> usize {
        if self.open_until.is_some() {
            1
        } else {
            normal_limit
        }
    }

    pub(in crate::engine) fn record_success(&mut self) {
        *self = Self::default();
    }

    /// Counts a failure, and returns true if the breaker opens.
    ///
    /// After a pause, a single failure is enough to open the breaker again.
    pub(in crate::engine) fn record_failure(
        &mut self,
        settings: Option<CircuitBreaker>,
        now: Timestamp,
    ) -> bool {
        let Some(settings) = settings else {
            return false;
        };

        self.n_failures = self.n_failures.saturating_add(1);
        let opens = settings.threshold <= self.n_failures || self.open_until.is_some();
        if opens {
            self.open_until = Some(now + settings.pause);
            self.pause = settings.pause;
        }

        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    const START: Timestamp = VirtualClock::START;
    const SETTINGS: Option<CircuitBreaker> = Some(CircuitBreaker {
        threshold: 2,
        pause: Duration::from_secs(60),
    });

    #[test]
    fn breaker_opens_after_failures_in_a_row() {
        let mut breaker = Breaker::default();

        assert!(!breaker.record_failure(SETTINGS, START));
        breaker.record_success();
        assert!(!breaker.record_failure(SETTINGS, START));
        assert_eq!(breaker.open_until(START), None);
        assert!(breaker.record_failure(SETTINGS, START));
        assert_eq!(
            breaker.open_until(START),
            Some(START + Duration::from_secs(60))
        );
    }

    #[test]
    fn breaker_allows_one_message_after_the_pause() {
        let mut breaker = Breaker::default();
        breaker.record_failure(SETTINGS, START);
        breaker.record_failure(SETTINGS, START);
        let later = START + Duration::from_secs(60);

        assert_eq!(breaker.open_until(later), None);
        assert_eq!(breaker.limit(100), 1);
        assert!(
            breaker.record_failure(SETTINGS, later),
            "the next pause begins at once"
        );
        breaker.record_success();
        assert_eq!(breaker.limit(100), 100);
    }

    #[test]
    fn breaker_does_not_stay_open_when_the_clock_is_set_back() {
        let mut breaker = Breaker::default();
        breaker.record_failure(SETTINGS, START + Duration::from_secs(3_600));
        breaker.record_failure(SETTINGS, START + Duration::from_secs(3_600));

        assert_eq!(breaker.open_until(START), None);
    }

    #[test]
    fn breaker_without_settings_never_opens() {
        let mut breaker = Breaker::default();

        for _ in 0..100 {
            assert!(!breaker.record_failure(None, START));
        }
    }
}

use std::{
    future::ready,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::clock::{Clock, Timestamp};

/// A clock that stands still until it is moved.
///
/// It always starts at 2026-01-01T00:00:00Z, so two runs show the same time.
#[derive(Debug)]
pub struct VirtualClock {
    micros: AtomicI64,
}

impl VirtualClock {
    /// The time at which every virtual clock starts: 2026-01-01T00:00:00Z.
    pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    /// Moves the clock forward by this duration.
    pub fn advance(&self, by: Duration) {
        let add_duration = |micros| Some((Timestamp::from_micros(micros) + by).as_micros());

        // The closure always returns a value, so the update always succeeds.
        let _ = self
            .micros
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add_duration);
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self {
            micros: AtomicI64::new(Self::START.as_micros()),
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::Acquire))
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(ready(()))
    }

    fn advance_to(&self, time: Timestamp) -> bool {
        self.micros.fetch_max(time.as_micros(), Ordering::AcqRel);
        true
    }

    fn fork(&self) -> Option<Arc<dyn Clock>> {
        Some(Arc::new(Self {
            micros: AtomicI64::new(self.now().as_micros()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_clock_stands_still_until_moved() {
        let clock = VirtualClock::default();

        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        clock.advance(Duration::from_secs(3 * 24 * 3600));
        assert_eq!(clock.now().to_string(), "2026-01-04T00:00:00Z");
    }
}

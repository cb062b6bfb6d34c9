use std::{
    fmt,
    ops::{Add, Sub},
    pin::Pin,
    str::FromStr,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, in whole microseconds of UTC. Its text form is RFC 3339.
///
/// It lies in the years 1970 to 9999, because only these have a text form. An earlier or later time
/// becomes the first or the last possible one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

impl Timestamp {
    /// 9999-12-31T23:59:59.999999Z, the last time that has a text form.
    pub const MAX: Self = Self {
        micros: 253_402_300_799_999_999,
    };

    /// Returns the time that is `micros` microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < 0 {
            return Self { micros: 0 };
        }
        if Self::MAX.micros < micros {
            return Self::MAX;
        }
        Self { micros }
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.micros
    }

    /// Returns the duration since `earlier`, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.micros.saturating_sub(earlier.micros);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self::from_micros(self.micros.saturating_add(whole_micros(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self::from_micros(self.micros.saturating_sub(whole_micros(duration)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since_epoch) => Self::from_micros(whole_micros(since_epoch)),
            Err(_) => Self::from_micros(0),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        Self::UNIX_EPOCH + Duration::from_micros(timestamp.micros.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&humantime::format_rfc3339(SystemTime::from(*self)), f)
    }
}

impl FromStr for Timestamp {
    type Err = humantime::TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_rfc3339(text).map(Self::from)
    }
}

impl Serialize for Timestamp {
    /// Writes all six digits of the microseconds, so that texts are sorted like their times.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_micros(SystemTime::from(*self)))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A source of the current time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Waits this long. It needs a runtime of tokio with time; outside of tokio it does not wait.
    ///
    /// A clock that stands still does not wait either.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(sleep_on_tokio(duration))
    }

    /// Moves the clock forward to `time`. Does nothing if the clock is already there or later.
    ///
    /// Returns false if this clock cannot be moved.
    #[cfg(feature = "testing")]
    fn advance_to(&self, time: Timestamp) -> bool {
        let _ = time;
        false
    }

    /// Returns a copy that shows the same time and moves independently.
    ///
    /// Returns `None` if this clock cannot be moved.
    #[cfg(feature = "testing")]
    fn fork(&self) -> Option<std::sync::Arc<dyn Clock>> {
        None
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that waits for a time to pass"
)]
async fn sleep_on_tokio(duration: Duration) {
    if tokio::runtime::Handle::try_current().is_ok() {
        tokio::time::sleep(duration).await;
    }
}

/// The time of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    #[test]
    fn timestamp_json_keeps_microseconds() {
        let time = VirtualClock::START + Duration::from_micros(1);

        let json = serde_json::to_string(&time).expect("a string");
        assert_eq!(json, "\"2026-01-01T00:00:00.000001Z\"");
        assert_eq!(
            serde_json::from_str::<Timestamp>(&json).expect("parses"),
            time
        );
    }

    #[test]
    fn timestamp_saturates_at_its_bounds() {
        let clock = VirtualClock::default();

        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);

        assert_eq!(clock.now(), Timestamp::MAX);
        assert_eq!(clock.now().to_string(), "9999-12-31T23:59:59.999999000Z");
        assert_eq!(Timestamp::from_micros(-1), Timestamp::from_micros(0));
    }

    #[test]
    fn timestamp_since_a_later_time_is_zero() {
        let start = VirtualClock::START;

        assert_eq!(start.since(start + Duration::from_secs(1)), Duration::ZERO);
    }
}

use std::time::Duration;

/// Pauses a subscription after many failures in a row.
///
/// After `threshold` failed attempts in a row, the subscription delivers nothing for `pause`. Then it
/// tries one message. If that fails, the next pause begins. If it succeeds, the subscription continues
/// as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CircuitBreaker {
    /// The number of failed attempts in a row that opens the breaker.
    pub threshold: u32,
    /// How long the subscription then pauses.
    pub pause: Duration,
}

impl CircuitBreaker {
    /// Pauses for one minute after ten failures in a row.
    pub const DEFAULT: Self = Self {
        threshold: 10,
        pause: Duration::from_secs(60),
    };
}

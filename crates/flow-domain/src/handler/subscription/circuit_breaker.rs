use std::time::Duration;

/// When a subscription stops trying for a while, because nothing that it does succeeds.
///
/// After `threshold` failed attempts in a row nothing is delivered for `pause`. Then one message is
/// tried: if that fails, too, the next pause begins, and if it succeeds, everything is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CircuitBreaker {
    /// How many attempts in a row must fail.
    pub threshold: u32,
    /// How long nothing is tried then.
    pub pause: Duration,
}

impl CircuitBreaker {
    /// Ten failures in a row, and a minute.
    pub const DEFAULT: Self = Self {
        threshold: 10,
        pause: Duration::from_secs(60),
    };
}

use std::fmt;

use crate::message::Position;

/// How far a rebuild is.
///
/// Positions may have gaps, so they do not count events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RebuildProgress {
    /// The position of the last event that was read.
    pub position: Position,
    /// The position of the last event in the store. It grows while events are recorded.
    pub last_position: Position,
    /// The number of events that were read. It counts those before an interruption, too.
    pub n_events: usize,
}

impl RebuildProgress {
    /// Returns the part that is done, from 0 to 100.
    pub fn percent(&self) -> u64 {
        match self.last_position.as_u64() {
            0 => 100,
            last => self.position.as_u64().min(last).saturating_mul(100) / last,
        }
    }
}

impl fmt::Display for RebuildProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            position,
            last_position,
            ..
        } = self;

        write!(
            f,
            "{} %, position {position} of {last_position}",
            self.percent()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(position: u64, last_position: u64, expected: &str) {
        let progress = RebuildProgress {
            position: Position::new(position),
            last_position: Position::new(last_position),
            n_events: 0,
        };

        assert_eq!(progress.to_string(), expected);
    }

    #[test]
    fn progress_is_a_share_of_the_last_position() {
        check(0, 0, "100 %, position 0 of 0");
        check(1, 3, "33 %, position 1 of 3");
        check(3, 3, "100 %, position 3 of 3");
    }
}

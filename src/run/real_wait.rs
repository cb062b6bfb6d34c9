use std::time::Duration;

use crate::{outcome::Warning, watchdog::WatchedFlow};

/// A flow that waits less for a handler gives no warning. Local input and output is faster than this.
const MINIMUM: Duration = Duration::from_millis(100);

/// Returns a warning for each handler for which the test waited.
///
/// This happens only if the runtime belongs to the test. Otherwise its timers cost no time.
pub(super) fn real_wait_warnings(watched: &WatchedFlow) -> Vec<Warning> {
    let waited = watched.waited_at_least(MINIMUM);

    let warnings = waited.into_iter().map(|(handler, time)| Warning {
        location: None,
        invariant: None,
        text: format!(
            "{handler} waited for {} ms of real time. If it waits for a timer, write `.run()` in a plain \
             test, or add `start_paused = true` to `#[tokio::test]`: then timers cost no time",
            time.as_millis()
        ),
    });
    warnings.collect()
}

use std::time::Duration;

use crate::{outcome::Warning, run::blocking_threads::BlockingThreads, watchdog::WatchedFlow};

/// A flow that waits less for a handler gives no warning. Local input and output is faster than this.
const MINIMUM: Duration = Duration::from_millis(100);

/// Returns a warning for each handler for which the test waited.
///
/// Timers cost no time if the runtime is ours. Then a wait is for other threads, and `blocking_threads`
/// is set.
pub(super) fn real_wait_warnings(
    watched: &WatchedFlow,
    blocking_threads: Option<&BlockingThreads>,
) -> Vec<Warning> {
    let advice = match blocking_threads {
        None => {
            "If it waits for a timer, write `.run()` in a plain test, or add `start_paused = true` to \
             `#[tokio::test]`: then timers cost no time"
        }
        Some(threads) if threads.has_started() => {
            "Code of `tokio::task::spawn_blocking` runs in real time, and timers and time limits wait for it"
        }
        // The time is that of spawned tasks.
        Some(_) => return Vec::new(),
    };

    let waited = watched.waited_at_least(MINIMUM).into_iter();
    let warnings = waited.map(|(handler, time)| Warning {
        location: None,
        invariant: None,
        text: format!(
            "{handler} waited for {} ms of real time. {advice}",
            time.as_millis()
        ),
    });
    warnings.collect()
}

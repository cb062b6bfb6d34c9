use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use tokio::{task::unconstrained, time::sleep};

/// Waits for `future` no longer than `limit`. Returns `None` if it takes longer.
///
/// A future that is ready at its first poll needs no timer. So it runs without tokio, too. Any other
/// needs a runtime of tokio, with time enabled.
///
/// It polls the future only when its caller does. `tokio::time::timeout` after a first poll would poll
/// it twice in a row, which changes the order of concurrent handlers.
#[expect(
    clippy::disallowed_methods,
    reason = "a time limit is real, unless the clock of tokio is paused"
)]
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = None;

    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }

        // A timer is large, and most futures never need it. The box keeps this future small. A
        // future that uses up the budget of its task must not stop the timer.
        let timer = timer.get_or_insert_with(|| Box::pin(unconstrained(sleep(limit))));
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// Returns the time of the timers of the runtime, which never goes back. A test can pause it.
///
/// It measures how long something lasts. What time it is, only a [`Clock`](crate::clock::Clock) says.
pub(crate) fn monotonic_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Returns true if the timers of the current runtime stand still, because a test has paused their clock.
#[cfg(feature = "testing")]
#[doc(hidden)]
#[expect(
    clippy::disallowed_methods,
    reason = "a paused clock shows the same time while the clock of the machine moves"
)]
pub fn is_clock_paused() -> bool {
    let shown = monotonic_now();

    let before = std::time::Instant::now();
    while std::time::Instant::now() == before {}
    monotonic_now() == shown
}

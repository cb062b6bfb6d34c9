use std::{pin::pin, task::Poll, time::Duration};

/// Waits for `future` no longer than `limit`. Returns `None` if it takes longer.
///
/// A future that is ready at its first poll needs no timer. So it runs without tokio, too.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let first_poll = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;

    match first_poll {
        Poll::Ready(output) => Some(output),
        // A timer is large, and most futures never need it. The box keeps this future small.
        Poll::Pending => Box::pin(tokio::time::timeout(limit, future)).await.ok(),
    }
}

/// Returns the time of the timers of the runtime, which never goes back. A test can pause it.
///
/// It measures how long something lasts. What time it is, only a [`Clock`](crate::clock::Clock) says.
pub(crate) fn monotonic_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

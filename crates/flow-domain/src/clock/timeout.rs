use std::{pin::pin, task::Poll, time::Duration};

/// Waits for `future` no longer than `limit`. Returns `None` if it takes longer.
///
/// A future that is ready at its first poll needs no timer. So it runs without tokio, too. Any other
/// needs a runtime of tokio, with time enabled.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let first_poll = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;

    match first_poll {
        Poll::Ready(output) => Some(output),
        // A timer is large, and most futures never need it. The box keeps this future small.
        Poll::Pending => Box::pin(tokio::time::timeout(limit, future)).await.ok(),
    }
}

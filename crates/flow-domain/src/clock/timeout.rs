use std::{pin::pin, task::Poll, time::Duration};

/// Waits for `future` no longer than `limit`; `None` if it took longer.
///
/// A future that is ready at once needs no timer, and so no runtime that has one.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let at_once = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
    match at_once {
        Poll::Ready(output) => Some(output),
        // In a box: a timer is large, and few who could wait have to.
        Poll::Pending => Box::pin(tokio::time::timeout(limit, future)).await.ok(),
    }
}

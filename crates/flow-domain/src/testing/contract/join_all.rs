use std::{future::poll_fn, pin::Pin, task::Poll};

use crate::{error::Error, port::PortFuture};

/// Polls all futures concurrently, and returns their results in the order of the futures.
pub(super) async fn join_all<T: Unpin>(
    mut futures: Vec<PortFuture<'_, T>>,
) -> Vec<Result<T, Error>> {
    let mut results: Vec<Option<Result<T, Error>>> = futures.iter().map(|_| None).collect();

    poll_fn(move |cx| {
        for (future, slot) in futures.iter_mut().zip(&mut results) {
            if slot.is_none()
                && let Poll::Ready(result) = Pin::new(future).poll(cx)
            {
                *slot = Some(result);
            }
        }

        if results.iter().any(Option::is_none) {
            return Poll::Pending;
        }
        Poll::Ready(results.iter_mut().filter_map(Option::take).collect())
    })
    .await
}

use std::{future::poll_fn, pin::Pin, task::Poll};

use crate::{error::Error, port::PortFuture};

/// Polls all futures side by side and returns what they gave, in the order of the futures.
pub(super) async fn join_all<T: Unpin>(
    mut futures: Vec<PortFuture<'_, T>>,
) -> Vec<Result<T, Error>> {
    let mut done: Vec<Option<Result<T, Error>>> = futures.iter().map(|_| None).collect();
    poll_fn(move |cx| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let Poll::Ready(value) = Pin::new(future).poll(cx)
            {
                *slot = Some(value);
            }
        }

        if done.iter().any(Option::is_none) {
            return Poll::Pending;
        }

        Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
    })
    .await
}

use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

/// Holds back the commits of concurrent commands until all of them have decided.
///
/// So all of them decide on the same state. A race that is rare in production then happens in every
/// run.
#[derive(Debug, Default)]
pub(crate) struct CommitBarrier {
    is_closed: Mutex<bool>,
}

impl CommitBarrier {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the barrier is open.
    pub(super) fn wait(&self) -> BarrierWait<'_> {
        BarrierWait(self)
    }

    /// Returns true if commits must wait.
    pub(super) fn is_closed(&self) -> bool {
        *self.lock()
    }

    /// Runs `futures` concurrently.
    ///
    /// Each future runs to its first commit, in the order of `futures`. Then the barrier opens, and
    /// each future runs to its end.
    pub(crate) async fn run_concurrently<T>(&self, mut futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
        *self.lock() = true;
        let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();

        std::future::poll_fn(|cx| {
            for (future, result) in futures.iter_mut().zip(&mut results) {
                if result.is_none()
                    && let Poll::Ready(output) = future.as_mut().poll(cx)
                {
                    *result = Some(output);
                }
            }

            // `take` leaves `false`, which opens the barrier.
            let was_closed = std::mem::take(&mut *self.lock());
            if results.iter().all(Option::is_some) {
                return Poll::Ready(());
            }

            if was_closed {
                // All futures have decided. Wake this task, to poll those that wait at the barrier.
                cx.waker().wake_by_ref();
            }

            Poll::Pending
        })
        .await;

        results.into_iter().flatten().collect()
    }
}

/// A commit that waits at the barrier.
pub(super) struct BarrierWait<'a>(&'a CommitBarrier);

impl Future for BarrierWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // No waker is needed: `run_concurrently` polls every future again after it opens the
        // barrier.
        if self.0.is_closed() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use flow_domain::port::BoxFuture;

/// Holds commits back until everybody who works at the same time has decided, so that all of them
/// decide on the same state: the race that production brings once in a while, every time.
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

    /// Waits while others decide.
    pub(super) fn wait(&self) -> BarrierWait<'_> {
        BarrierWait(self)
    }

    /// Returns true if whoever commits has to wait.
    pub(super) fn is_closed(&self) -> bool {
        *self.lock()
    }

    /// Runs `futures` at the same time: first each of them as far as its first commit, in their order,
    /// and then each to its end.
    pub(crate) async fn run_concurrently<T>(&self, mut futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
        *self.lock() = true;
        let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
        std::future::poll_fn(|cx| {
            let mut is_first = false;
            for (future, result) in futures.iter_mut().zip(&mut results) {
                if result.is_none()
                    && let Poll::Ready(done) = future.as_mut().poll(cx)
                {
                    *result = Some(done);
                }
            }

            std::mem::swap(&mut is_first, &mut self.lock());
            if results.iter().all(Option::is_some) {
                return Poll::Ready(());
            }

            if is_first {
                // Everybody has decided: from here on nobody waits for anybody.
                cx.waker().wake_by_ref();
            }

            Poll::Pending
        })
        .await;

        results.into_iter().flatten().collect()
    }
}

/// A commit that waits.
pub(super) struct BarrierWait<'a>(&'a CommitBarrier);

impl Future for BarrierWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // Whoever runs them polls all of them again.
        if self.0.is_closed() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

/// The output of the future that was ready first.
pub(in crate::engine) enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits until one of two futures is ready, and drops the other. If both are ready, `first` wins.
pub(in crate::engine) async fn select<A: Future, B: Future>(
    first: A,
    second: B,
) -> Either<A::Output, B::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));

    poll_fn(|cx: &mut Context<'_>| match first.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Either::First(output)),
        Poll::Pending => second.as_mut().poll(cx).map(Either::Second),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn select_returns_the_future_that_is_ready() {
        assert!(matches!(
            select(pending::<()>(), ready(2)).await,
            Either::Second(2)
        ));
    }

    #[tokio::test]
    async fn select_prefers_the_first_if_both_are_ready() {
        assert!(matches!(select(ready(1), ready(2)).await, Either::First(1)));
    }
}

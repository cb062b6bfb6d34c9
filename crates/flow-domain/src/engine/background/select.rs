use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

/// Which of two came first.
pub(in crate::engine) enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits for the one of two futures that is ready first, and drops the other. If both are ready it is
/// `one`.
pub(in crate::engine) async fn select<A: Future, B: Future>(
    one: A,
    other: B,
) -> Either<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx: &mut Context<'_>| match one.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Either::First(output)),
        Poll::Pending => other.as_mut().poll(cx).map(Either::Second),
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

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

/// Which of two came first.
pub(in crate::engine) enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the one of two futures that is ready first, and drops the other. If both are ready it is
/// `one`.
pub(in crate::engine) async fn first<A: Future, B: Future>(
    one: A,
    other: B,
) -> First<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx: &mut Context<'_>| match one.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(First::One(output)),
        Poll::Pending => other.as_mut().poll(cx).map(First::Other),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn the_one_that_is_ready_comes_first() {
        assert!(matches!(
            first(pending::<()>(), ready(2)).await,
            First::Other(2)
        ));
    }

    #[tokio::test]
    async fn of_two_that_are_ready_it_is_the_one() {
        assert!(matches!(first(ready(1), ready(2)).await, First::One(1)));
    }
}

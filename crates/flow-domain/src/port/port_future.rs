use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{error::Error, port::BoxFuture};

/// What a port answers: at once, or later.
///
/// It is a future. An adapter that has to wait makes it with [`later`](Self::later); one that never
/// does, with [`ready`](Self::ready), which takes no memory.
///
/// # Examples
///
/// ```
/// use flow_domain::port::Answer;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// assert_eq!(Answer::ready(Ok(1)).await?, 1);
/// assert_eq!(Answer::later(async { Ok(2) }).await?, 2);
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a future does nothing until it is awaited"]
pub struct PortFuture<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    /// Empty once it was given.
    Ready(Option<Result<T, Error>>),
    Boxed(BoxFuture<'a, Result<T, Error>>),
}

impl<'a, T> PortFuture<'a, T> {
    /// Answers at once.
    pub fn ready(answer: Result<T, Error>) -> Self {
        Self(Inner::Ready(Some(answer)))
    }

    /// Answers when `answer` does.
    pub fn boxed(answer: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self {
        Self(Inner::Boxed(Box::pin(answer)))
    }
}

impl<T: Unpin> Future for PortFuture<'_, T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            Inner::Ready(answer) => Poll::Ready(
                answer
                    .take()
                    .expect("a future is not polled after it is done"),
            ),
            Inner::Boxed(answer) => answer.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for PortFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Ready(_) => "Answer::ready",
            Inner::Boxed(_) => "Answer::later",
        })
    }
}

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{error::Error, port::BoxFuture};

/// The future that every method of a port returns.
///
/// An adapter that has to wait makes this future with [`boxed`](Self::boxed). An adapter that never
/// waits makes it with [`ready`](Self::ready), which allocates no memory.
///
/// # Examples
///
/// ```
/// use flow_domain::port::PortFuture;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// assert_eq!(PortFuture::ready(Ok(1)).await?, 1);
/// assert_eq!(PortFuture::boxed(async { Ok(2) }).await?, 2);
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a future does nothing until it is awaited"]
pub struct PortFuture<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    /// `None` once the future has returned its result.
    Ready(Option<Result<T, Error>>),
    Boxed(BoxFuture<'a, Result<T, Error>>),
}

impl<'a, T> PortFuture<'a, T> {
    /// Makes a future that is ready at once.
    pub fn ready(result: Result<T, Error>) -> Self {
        Self(Inner::Ready(Some(result)))
    }

    /// Makes a future that runs `future` on the heap.
    pub fn boxed(future: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self {
        Self(Inner::Boxed(Box::pin(future)))
    }

    /// Changes the value of the future, if it has one. A future that is ready stays ready.
    pub fn map<U: 'a>(self, change: impl FnOnce(T) -> U + Send + 'a) -> PortFuture<'a, U>
    where
        T: 'a,
    {
        match self.0 {
            Inner::Ready(result) => {
                PortFuture(Inner::Ready(result.map(|result| result.map(change))))
            }
            Inner::Boxed(future) => PortFuture::boxed(async move { future.await.map(change) }),
        }
    }
}

impl<T: Unpin> Future for PortFuture<'_, T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            Inner::Ready(result) => Poll::Ready(
                result
                    .take()
                    .expect("a future is not polled after it is done"),
            ),
            Inner::Boxed(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for PortFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Ready(_) => "PortFuture::ready",
            Inner::Boxed(_) => "PortFuture::boxed",
        })
    }
}

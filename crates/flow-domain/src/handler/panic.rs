use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    task::{Context, Poll},
};

use tracing::Span;

use crate::{
    error::{Error, panic_message},
    handler::hooks::{PollObservation, take_panic_location},
    record::EntryId,
};

/// Runs the `future` of a handler in `span`, and turns a panic in it into an error.
///
/// `handling` has the name of the handler, and the entry at which the handling started.
///
/// The caller pins the future. Passed by value, it would be stored in the caller's future twice.
pub(crate) fn catch_panic<'a, T, F>(
    span: &'a Span,
    handling: (&'static str, EntryId),
    future: Pin<&'a mut F>,
) -> CatchPanic<'a, F>
where
    F: Future<Output = Result<T, Error>> + ?Sized,
{
    CatchPanic {
        span,
        handling,
        future,
    }
}

/// A future that turns a panic of the inner future into an error.
pub(crate) struct CatchPanic<'a, F: ?Sized> {
    span: &'a Span,
    /// The handler, and the entry at which the handling started.
    handling: (&'static str, EntryId),
    future: Pin<&'a mut F>,
}

impl<T, F> Future for CatchPanic<'_, F>
where
    F: Future<Output = Result<T, Error>> + ?Sized,
{
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _entered = (!self.span.is_none()).then(|| self.span.enter());
        let (handler, start_entry) = self.handling;
        let future = self.future.as_mut();

        let observation = PollObservation::begin(start_entry);
        // `AssertUnwindSafe` is right: a handler that panicked is never polled again, and its unit of
        // work is discarded.
        let result = panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        observation.end(handler);

        result.unwrap_or_else(|panic| Poll::Ready(Err(panic_error(panic.as_ref()))))
    }
}

pub(super) fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let message = panic_message(panic).to_owned();
    Error::panicked(message, take_panic_location())
}

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::Once,
    task::{Context, Poll},
};

use crate::error::Error;

thread_local! {
    static INSIDE_HANDLER: Cell<bool> = const { Cell::new(false) };
    static LAST_LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps where a handler panicked, so that its error can tell the file and line.
///
/// It wraps the panic hook of the process, once. A panic inside a handler is kept instead of printed,
/// unless `RUST_BACKTRACE` asks for a backtrace; any other panic goes to the hook that was there
/// before. The harness calls this; an application may.
pub fn remember_panic_locations() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        let prints = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        panic::set_hook(Box::new(move |info| {
            if INSIDE_HANDLER.get() {
                let location = info.location().map(ToString::to_string);
                LAST_LOCATION.with_borrow_mut(|last| *last = location);
                if !prints {
                    return;
                }
            }
            previous(info);
        }));
    });
}

/// Runs `future` and makes an error of a panic in it.
///
/// The future is pinned by the caller: handed over by value it would lie in the caller's twice.
pub(crate) fn catch_panic<T, F>(future: Pin<&mut F>) -> CatchPanic<'_, F>
where
    F: Future<Output = Result<T, Error>> + ?Sized,
{
    CatchPanic { future }
}

/// A future whose panics are errors.
pub(crate) struct CatchPanic<'a, F: ?Sized> {
    future: Pin<&'a mut F>,
}

impl<T, F> Future for CatchPanic<'_, F>
where
    F: Future<Output = Result<T, Error>> + ?Sized,
{
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut();
        let outer = INSIDE_HANDLER.replace(true);
        // A handler that panicked is never polled again, and its unit of work is thrown away.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        INSIDE_HANDLER.set(outer);
        polled.unwrap_or_else(|panic| Poll::Ready(Err(error_of(panic.as_ref()))))
    }
}

fn error_of(panic: &(dyn Any + Send)) -> Error {
    let message = if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not a text".to_owned()
    };
    let location = LAST_LOCATION.with_borrow_mut(Option::take);
    Error::panicked(
        message,
        location.unwrap_or_else(|| "an unknown place".to_owned()),
    )
}

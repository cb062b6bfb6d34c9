use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::Once,
    task::{Context, Poll},
};

use tracing::Span;

use crate::{
    error::Error,
    handler::tasks::{SpawnCount, remember_task_panic},
    record::{EntryId, run_in_handler_call},
};

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
            } else {
                remember_task_panic(info, panic_message(info.payload()));
            }

            previous(info);
        }));
    });
}

/// Calls `call` and makes an error of a panic in it, with its place if
/// [`remember_panic_locations`] was called.
///
/// # Errors
///
/// Returns an error for which [`Error::is_panic`] is true if it panicked.
#[doc(hidden)]
pub fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Error> {
    let outer = enter_handler();
    let called = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE_HANDLER.set(outer);
    called.map_err(|panic| panic_error(panic.as_ref()))
}

/// From here on a panic is kept; returns whether that was so before.
fn enter_handler() -> bool {
    // What is left of a panic that somebody else caught is not about the next one.
    LAST_LOCATION.with_borrow_mut(|last| *last = None);
    INSIDE_HANDLER.replace(true)
}

/// Runs `future` of a handler in `span`, as the handling that began at an entry, and makes an error of a
/// panic in it.
///
/// The future is pinned by the caller: handed over by value it would lie in the caller's twice.
pub(crate) fn catch_panic<'a, T, F>(
    span: &'a Span,
    who: (&'static str, EntryId),
    future: Pin<&'a mut F>,
) -> CatchPanic<'a, F>
where
    F: Future<Output = Result<T, Error>> + ?Sized,
{
    CatchPanic {
        span,
        handling: who,
        future,
    }
}

/// A future whose panics are errors.
pub(crate) struct CatchPanic<'a, F: ?Sized> {
    span: &'a Span,
    /// The handler, and the entry at which the handling began.
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
        let (handler, started) = self.handling;
        let future = self.future.as_mut();
        let spawning = SpawnCount::begin();
        let outer = enter_handler();
        // A handler that panicked is never polled again, and its unit of work is thrown away.
        let polled = run_in_handler_call(started, || {
            panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
        });

        INSIDE_HANDLER.set(outer);
        spawning.end(handler);

        polled.unwrap_or_else(|panic| Poll::Ready(Err(panic_error(panic.as_ref()))))
    }
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let message = panic_message(panic).to_owned();
    let location = LAST_LOCATION.with_borrow_mut(Option::take);
    Error::panicked(
        message,
        location.unwrap_or_else(|| "an unknown place".to_owned()),
    )
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is not a text")
}

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

/// Installs a panic hook that adds the file and line of a panic in a handler to its error.
///
/// It wraps the panic hook of the process, once. A panic inside a handler is remembered instead of
/// printed, unless `RUST_BACKTRACE` asks for a backtrace. Any other panic goes to the previous hook.
/// The harness calls this; an application may.
pub fn remember_panic_locations() {
    static INSTALLED: Once = Once::new();

    INSTALLED.call_once(|| {
        let previous_hook = panic::take_hook();
        let prints_all = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");

        panic::set_hook(Box::new(move |info| {
            if INSIDE_HANDLER.get() {
                let location = info.location().map(ToString::to_string);
                LAST_LOCATION.with_borrow_mut(|last| *last = location);
                if !prints_all {
                    return;
                }
            } else {
                remember_task_panic(info, panic_message(info.payload()));
            }

            previous_hook(info);
        }));
    });
}

/// Calls `call` and turns a panic in it into an error.
///
/// The error has the location of the panic if [`remember_panic_locations`] was called before.
///
/// # Errors
///
/// Returns an error for which [`Error::is_panic`] is true if `call` panicked.
#[doc(hidden)]
pub fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Error> {
    let was_inside = enter_handler();
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE_HANDLER.set(was_inside);

    result.map_err(|panic| panic_error(panic.as_ref()))
}

/// Marks this thread as inside a handler, and returns whether it was inside one before.
///
/// The caller must restore the returned value in `INSIDE_HANDLER`.
fn enter_handler() -> bool {
    // A panic that other code caught may have left its location here. It must not be reported for
    // the next panic.
    LAST_LOCATION.with_borrow_mut(|last| *last = None);
    INSIDE_HANDLER.replace(true)
}

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

        let spawn_count = SpawnCount::begin();
        let was_inside = enter_handler();
        // `AssertUnwindSafe` is right: a handler that panicked is never polled again, and its unit of
        // work is discarded.
        let result = run_in_handler_call(start_entry, || {
            panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
        });
        INSIDE_HANDLER.set(was_inside);
        spawn_count.end(handler);

        result.unwrap_or_else(|panic| Poll::Ready(Err(panic_error(panic.as_ref()))))
    }
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let message = panic_message(panic).to_owned();
    let location = LAST_LOCATION.with_borrow_mut(Option::take);

    Error::panicked(
        message,
        location.unwrap_or_else(|| "an unknown location".to_owned()),
    )
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic value that is not a string")
}

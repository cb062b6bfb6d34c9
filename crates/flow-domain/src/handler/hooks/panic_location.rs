use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::{
    error::{Error, panic_message},
    handler::{hooks::tasks::remember_task_panic, panic::panic_error},
};

thread_local! {
    static INSIDE_HANDLER: Cell<bool> = const { Cell::new(false) };
    static LAST_LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs a panic hook that adds the file and line of a panic in a handler to its error.
///
/// It wraps the panic hook of the process, once. A panic inside a handler is remembered instead of
/// printed, unless `RUST_BACKTRACE` asks for a backtrace. Any other panic goes to the previous hook.
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
pub fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Error> {
    let was_inside = enter_handler();
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    leave_handler(was_inside);

    result.map_err(|panic| panic_error(panic.as_ref()))
}

/// Marks this thread as inside a handler, and returns whether it was inside one before.
///
/// The caller must pass the returned value to [`leave_handler`].
pub(super) fn enter_handler() -> bool {
    // A panic that other code caught may have left its location here. It must not be reported for
    // the next panic.
    LAST_LOCATION.with_borrow_mut(|last| *last = None);
    INSIDE_HANDLER.replace(true)
}

/// Marks this thread as it was marked before [`enter_handler`].
pub(super) fn leave_handler(was_inside: bool) {
    INSIDE_HANDLER.set(was_inside);
}

/// Returns where the last handler of this thread panicked, if the hook is installed.
pub(in crate::handler) fn take_panic_location() -> Option<String> {
    LAST_LOCATION.with_borrow_mut(Option::take)
}

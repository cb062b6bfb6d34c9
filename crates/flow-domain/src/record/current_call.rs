use std::cell::Cell;

use crate::record::EntryId;

thread_local! {
    static CURRENT: Cell<Option<EntryId>> = const { Cell::new(None) };
}

/// The start of the handling that this thread is busy with, if it is recorded: what is logged now is
/// logged by it. The harness asks.
#[doc(hidden)]
pub fn current_handler_call() -> Option<EntryId> {
    CURRENT.get()
}

/// Calls `call` as a part of a handling.
#[inline]
pub(crate) fn run_in_handler_call<T>(started: EntryId, call: impl FnOnce() -> T) -> T {
    let started = (started != EntryId::UNRECORDED).then_some(started);
    // A handling may lie within another one, which goes on afterwards.
    let outer = CURRENT.replace(started);
    let called = call();
    CURRENT.set(outer);
    called
}

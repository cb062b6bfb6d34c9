use std::cell::Cell;

use crate::record::EntryId;

thread_local! {
    static CURRENT: Cell<Option<EntryId>> = const { Cell::new(None) };
}

/// Returns the start entry of the handler call that this thread runs now, if it is recorded.
///
/// The harness uses it to assign log lines to handler calls.
#[doc(hidden)]
pub fn current_handler_call() -> Option<EntryId> {
    CURRENT.get()
}

/// Runs `call` as part of the handler call that started with this entry.
///
/// `call` must not panic, because a panic would skip the reset at the end.
#[inline]
pub(crate) fn run_in_handler_call<T>(start_entry: EntryId, call: impl FnOnce() -> T) -> T {
    let start_entry = (start_entry != EntryId::UNRECORDED).then_some(start_entry);

    // Handler calls can be nested: the outer one continues afterwards.
    let outer = CURRENT.replace(start_entry);
    let output = call();
    CURRENT.set(outer);

    output
}

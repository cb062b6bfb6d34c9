use std::cell::Cell;

use crate::record::EntryId;

thread_local! {
    static CURRENT: Cell<Option<EntryId>> = const { Cell::new(None) };
}

/// Returns the start entry of the handler call that this thread runs now, if it is recorded.
///
/// A test uses it to assign log lines to handler calls.
pub fn current_handler_call() -> Option<EntryId> {
    CURRENT.get()
}

/// Marks this thread as inside the handler call that started with this entry.
///
/// Handler calls can be nested. The caller must pass the returned outer call to
/// [`leave_handler_call`].
pub(crate) fn enter_handler_call(start_entry: EntryId) -> Option<EntryId> {
    CURRENT.replace((start_entry != EntryId::UNRECORDED).then_some(start_entry))
}

/// Marks this thread as inside the outer handler call again, if there is one.
pub(crate) fn leave_handler_call(outer: Option<EntryId>) {
    CURRENT.set(outer);
}

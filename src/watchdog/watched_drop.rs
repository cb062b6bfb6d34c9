use std::sync::Arc;

use crate::watchdog::{WatchedFlow, thread as watchdog_thread};

/// The first field of a value: while the other fields are dropped, the watchdog checks the flow again.
///
/// [`DropEnd`] is the last field, because fields are dropped in the order of their declaration.
#[derive(Debug, Default)]
pub(crate) struct DropBegin(Option<Arc<WatchedFlow>>);

/// The last field of a value whose first field is a [`DropBegin`].
#[derive(Debug, Default)]
pub(crate) struct DropEnd(Option<Arc<WatchedFlow>>);

impl WatchedFlow {
    /// Returns the first and the last field of a value whose drop the watchdog checks.
    pub(crate) fn drop_fields(self: &Arc<Self>) -> (DropBegin, DropEnd) {
        (
            DropBegin(Some(Arc::clone(self))),
            DropEnd(Some(Arc::clone(self))),
        )
    }
}

impl Drop for DropBegin {
    fn drop(&mut self) {
        if let Some(flow) = &self.0 {
            flow.begin_code("the `Drop` of a fake or of a handler");
            watchdog_thread::add(flow);
        }
    }
}

impl Drop for DropEnd {
    fn drop(&mut self) {
        if let Some(flow) = &self.0 {
            watchdog_thread::remove(flow);
        }
    }
}

use crate::{
    handler::hooks::{
        panic_location::{enter_handler, leave_handler},
        tasks::SpawnCount,
    },
    record::{EntryId, enter_handler_call, leave_handler_call},
};

/// Observes one poll of a handler: its panic, the tasks that it spawns, and its log lines.
pub(in crate::handler) struct PollObservation {
    spawn_count: SpawnCount,
    was_inside: bool,
    outer_call: Option<EntryId>,
}

impl PollObservation {
    pub(in crate::handler) fn begin(start_entry: EntryId) -> Self {
        Self {
            spawn_count: SpawnCount::begin(),
            was_inside: enter_handler(),
            outer_call: enter_handler_call(start_entry),
        }
    }

    pub(in crate::handler) fn end(self, handler: &'static str) {
        leave_handler_call(self.outer_call);
        leave_handler(self.was_inside);
        self.spawn_count.end(handler);
    }
}

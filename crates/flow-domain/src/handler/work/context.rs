use std::sync::Arc;

use crate::{handler::CommandRoute, message::Envelope, record::EntryId};

/// Which message is being handled, by whom.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) message: Arc<Envelope>,
    pub(crate) handler: &'static str,
    /// Which handling of its unit of work this is: 0 is the outermost.
    pub(crate) handling: u32,
    /// The entry of the record at which the handler started.
    pub(crate) entry: EntryId,
    /// How many ids were made so far, for this message and handler.
    pub(crate) n_ids: u32,
}

impl Context {
    pub(crate) fn new(message: Arc<Envelope>, handler: &'static str, entry: EntryId) -> Self {
        Self {
            message,
            handler,
            handling: 0,
            entry,
            n_ids: 0,
        }
    }

    pub(crate) fn of_command(
        message: Arc<Envelope>,
        route: &CommandRoute,
        handling: u32,
        entry: EntryId,
    ) -> Self {
        Self {
            handling,
            ..Self::new(message, route.handler, entry)
        }
    }
}

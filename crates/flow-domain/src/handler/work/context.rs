use std::sync::Arc;

use crate::{
    handler::work::rewrite::Rewrite,
    message::{Envelope, Processing},
    record::EntryId,
};

/// Which message is being handled, by whom.
#[derive(Clone, Debug)]
pub(crate) struct HandlingContext {
    pub(crate) message: Arc<Envelope>,
    pub(crate) handler: &'static str,
    /// The entry of the record at which the handler started.
    pub(crate) entry: EntryId,
    /// How often this handler committed for this message before.
    pub(crate) n_commits: u32,
    /// By whom what is raised here is handled.
    pub(crate) processing: Processing,
    /// How many ids were made so far, for this message and handler.
    pub(crate) n_ids: u32,
    /// What changes the messages that it brings about, if anything does.
    pub(crate) rewrite: Option<Arc<dyn Rewrite>>,
}

impl HandlingContext {
    pub(crate) fn new(message: Arc<Envelope>, handler: &'static str, entry: EntryId) -> Self {
        Self {
            message,
            handler,
            entry,
            n_commits: 0,
            processing: Processing::Sync,
            n_ids: 0,
            rewrite: None,
        }
    }
}

use std::sync::Arc;

use crate::{
    handler::work::hooks::{IgnoredFailures, MessageRewrite},
    message::{Envelope, MessageId, Processing},
    port::Fence,
    record::EntryId,
};

/// Which message is being handled, by which handler.
#[derive(Debug)]
pub(crate) struct HandlingContext {
    pub(crate) message: Arc<Envelope>,
    pub(crate) handler: &'static str,
    /// The entry of the record at which the handler started.
    pub(crate) start_entry: EntryId,
    /// The number of the attempt, until the hook before the call of the method has run.
    pub(crate) unannounced_attempt: Option<u32>,
    /// How often this handler committed for this message before.
    pub(crate) n_commits: u32,
    /// Whether the events that are raised here are handled inline or by an engine.
    pub(crate) processing: Processing,
    /// The right of an engine to handle the message, which the commit checks.
    pub(crate) fence: Option<Fence>,
    /// The event whose mark the commit cancels, because this is the last of its inline handlers.
    pub(crate) unmarked: Option<MessageId>,
    /// How many ids were created so far, for this message and handler.
    pub(crate) n_ids: u32,
    /// How many handlers process this message as a part of their own unit of work.
    pub(crate) n_outer: usize,
    /// The failures of the commands that this handler processes, in tests.
    pub(crate) ignored_failures: IgnoredFailures,
    /// Changes the messages of this handling, in mutation tests.
    pub(crate) rewrite: MessageRewrite,
}

impl HandlingContext {
    pub(crate) fn new(message: Arc<Envelope>, handler: &'static str, start_entry: EntryId) -> Self {
        Self {
            message,
            handler,
            start_entry,
            unannounced_attempt: None,
            n_commits: 0,
            processing: Processing::Sync,
            fence: None,
            unmarked: None,
            n_ids: 0,
            n_outer: 0,
            ignored_failures: IgnoredFailures::default(),
            rewrite: MessageRewrite::default(),
        }
    }
}

use std::ops::Range;

use flow_domain::{
    Error, HandlerFailure, Rejection,
    error::Stall,
    handler::{Reply, short_type_name},
    runtime::ProcessResult,
};

use crate::flow::ReplyName;

/// What became of one act.
#[derive(Debug)]
pub struct ActOutcome {
    name: String,
    result: ProcessResult,
    /// Who handled the command, for failures of the command handler itself.
    handler: Option<&'static str>,
    /// Names the type of the reply.
    reply_name: ReplyName,
    kind: ActKind,
    /// How many commands were handed over at the same time, this one included.
    n_overlapping: usize,
    pub(crate) entries: Range<usize>,
}

/// What kind of act it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActKind {
    /// A command or an event.
    Message,
    /// A command that was handed over to be handled later.
    Submitted,
    /// Time that passed, an engine that ran, messages that came again.
    Other,
}

/// Which failure of an act.
#[derive(Clone, Copy, Debug)]
pub(super) enum FailureIdx {
    /// That of the command itself.
    Command,
    /// That of a handler afterwards, by its place.
    Downstream(usize),
}

impl ActOutcome {
    pub(crate) fn new(
        name: String,
        processed: ProcessResult,
        handler: Option<&'static str>,
        entries: Range<usize>,
    ) -> Self {
        Self {
            name,
            result: processed,
            handler,
            reply_name: short_type_name::<()>,
            kind: ActKind::Message,
            n_overlapping: 1,
            entries,
        }
    }

    pub(super) fn with_reply_name(mut self, reply_name: ReplyName) -> Self {
        self.reply_name = reply_name;
        self
    }

    /// Says that it was one of so many commands at the same time.
    pub(super) fn with_n_overlapping(mut self, n: usize) -> Self {
        self.n_overlapping = n;
        self
    }

    pub(super) fn n_overlapping(&self) -> usize {
        self.n_overlapping
    }

    pub(super) fn with_kind(mut self, kind: ActKind) -> Self {
        self.kind = kind;
        self
    }

    /// The type of the reply.
    pub(crate) fn reply_name(&self) -> &'static str {
        (self.reply_name)()
    }

    pub(crate) fn kind(&self) -> ActKind {
        self.kind
    }

    /// The name of the command or event; `time`, `the engine` or `the redelivery` if it was none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the handler of the command answered, if it accepted.
    pub fn reply(&self) -> Option<&Reply> {
        self.result.reply.as_ref().ok()
    }

    /// Why the command was refused, or why its handler failed.
    pub fn error(&self) -> Option<&Error> {
        self.result.reply.as_ref().err()
    }

    /// The rejection, if the command was refused with an `R`.
    pub fn rejection<R: Rejection>(&self) -> Option<&R> {
        self.error().and_then(Error::rejection)
    }

    /// The handlers that failed after the act was committed.
    pub fn failures(&self) -> &[HandlerFailure] {
        &self.result.failures
    }

    /// Set if what the act caused did not come to an end.
    pub fn stall(&self) -> Option<&Stall> {
        self.result.stall.as_ref()
    }

    /// The failures of this handler: afterwards, or of the command itself.
    pub(crate) fn failures_of(&self, handler: &'static str) -> Vec<&Error> {
        let own = self.error().filter(|_| self.handler == Some(handler));
        let later = self
            .failures()
            .iter()
            .filter(|failure| failure.handler == handler);

        own.into_iter()
            .chain(later.map(|failure| &failure.error))
            .collect()
    }

    pub(super) fn failure(&self, idx: FailureIdx) -> Option<&Error> {
        match idx {
            FailureIdx::Command => self.error(),
            FailureIdx::Downstream(idx) => self.failures().get(idx).map(|failure| &failure.error),
        }
    }

    /// Who handled the command.
    pub(crate) fn handler(&self) -> Option<&'static str> {
        self.handler
    }
}

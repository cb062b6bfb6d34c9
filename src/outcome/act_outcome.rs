use std::{borrow::Cow, ops::Range};

use flow_domain::{
    Error, HandlerFailure, Rejection,
    error::{FailureOrigin, Stall},
    handler::Reply,
    message::short_type_name,
    runtime::ProcessResult,
};

/// Returns the name of the reply type of a command.
pub(crate) type ReplyName = fn() -> &'static str;

/// The outcome of one act: one `when` step, or one of several concurrent commands.
#[derive(Debug)]
pub struct ActOutcome {
    name: Cow<'static, str>,
    result: ProcessResult,
    /// The handler that an error of the command itself is attributed to.
    handler: Option<&'static str>,
    /// Returns the type name of the reply.
    reply_name: ReplyName,
    kind: ActKind,
    /// The number of concurrent commands, this one included; `None` if the act was no
    /// [`when_all`](crate::Flow::when_all).
    n_concurrent: Option<usize>,
    /// Whether it is a method of an aggregate that returns no `Result`.
    is_infallible: bool,
    /// The entries of the record that belong to the act.
    pub(crate) entries: Range<usize>,
}

/// The kind of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActKind {
    /// A command or an event.
    Message,
    /// A command that was submitted, to be handled later.
    Submitted,
    /// A clock advance, a run of the engine, or a redelivery.
    Other,
}

impl ActOutcome {
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        result: ProcessResult,
        handler: Option<&'static str>,
        entries: Range<usize>,
    ) -> Self {
        Self {
            name: name.into(),
            result,
            handler,
            reply_name: short_type_name::<()>,
            kind: ActKind::Message,
            n_concurrent: None,
            is_infallible: false,
            entries,
        }
    }

    pub(crate) fn with_reply_name(mut self, reply_name: ReplyName) -> Self {
        self.reply_name = reply_name;
        self
    }

    /// Marks the act as one of `n` concurrent commands.
    pub(crate) fn with_n_concurrent(mut self, n: usize) -> Self {
        self.n_concurrent = Some(n);
        self
    }

    /// Sets whether the act is a method of an aggregate that returns no `Result`.
    pub(crate) fn with_infallible(mut self, is_infallible: bool) -> Self {
        self.is_infallible = is_infallible;
        self
    }

    /// Returns true if the act is a method of an aggregate that returns no `Result`.
    pub(crate) fn is_infallible(&self) -> bool {
        self.is_infallible
    }

    /// Returns true if the act is a command of a [`when_all`](crate::Flow::when_all).
    pub(crate) fn is_concurrent(&self) -> bool {
        self.n_concurrent.is_some()
    }

    /// Returns the number of acts that ran concurrently, this one included.
    pub(super) fn n_overlapping(&self) -> usize {
        self.n_concurrent.unwrap_or(1)
    }

    pub(crate) fn with_kind(mut self, kind: ActKind) -> Self {
        self.kind = kind;
        self
    }

    /// Returns the type name of the reply.
    pub(crate) fn reply_name(&self) -> &'static str {
        (self.reply_name)()
    }

    pub(crate) fn kind(&self) -> ActKind {
        self.kind
    }

    /// Returns the name of the command or event.
    ///
    /// For other acts this is `time`, `the engine` or `the redelivery`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the reply of the command handler, if it accepted the command.
    pub fn reply(&self) -> Option<&Reply> {
        self.result.reply.as_ref().ok()
    }

    /// Returns why the command was rejected, or why its handler failed.
    pub fn error(&self) -> Option<&Error> {
        self.result.reply.as_ref().err()
    }

    /// Returns true if the command itself was rejected, failed or expired, at once or later.
    ///
    /// Then the act changed nothing. A handler that failed on an event of the act does not count.
    pub(super) fn is_refused(&self) -> bool {
        let is_own = |failure: &HandlerFailure| {
            let is_about_message = matches!(
                failure.origin(),
                FailureOrigin::Handling | FailureOrigin::Rejected
            );
            is_about_message && failure.message == self.name
        };

        let is_submitted = self.kind == ActKind::Submitted;
        self.error().is_some() || is_submitted && self.failures().iter().any(is_own)
    }

    /// Returns the rejection, if the command was rejected with an `R`.
    pub fn rejection<R: Rejection>(&self) -> Option<&R> {
        self.error().and_then(Error::rejection)
    }

    /// Returns the problems that the act caused after it was committed.
    ///
    /// They are failed handlers, commands that were rejected or had expired when they were handled later,
    /// and commands without a handler.
    pub fn failures(&self) -> &[HandlerFailure] {
        &self.result.failures
    }

    /// Returns the stall, if the effects of the act did not end within the budget of the run.
    pub fn stall(&self) -> Option<&Stall> {
        self.result.stall.as_deref()
    }

    /// Returns the failures of this handler: of the command itself, and after it was committed.
    pub(crate) fn failures_of(&self, handler: &'static str) -> Vec<&Error> {
        // A rejection is a decision of the domain, not a failure of its handler.
        let own = self
            .error()
            .filter(|err| self.handler == Some(handler) && !err.is_rejection());
        let downstream = self
            .failures()
            .iter()
            .filter(|failure| failure.handler == Some(handler))
            .map(|failure| &failure.error);

        own.into_iter().chain(downstream).collect()
    }

    /// Returns the handler that an error of the command itself is attributed to.
    pub(crate) fn handler(&self) -> Option<&'static str> {
        self.handler
    }
}

use std::fmt;

use crate::{
    error::Error,
    message::{Envelope, Recorded},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
};

/// Stands between the runtime and the handlers, the store and the broker.
///
/// A test uses it to make a handler, a commit or a publication fail.
pub trait Interceptor: fmt::Debug + Send + Sync {
    /// Runs before the method of `handler` is called, as part of the attempt.
    ///
    /// It runs once for each attempt. A call that is repeated after a lost race belongs to the same one.
    /// It does not run if the handler skips the message, because its method is not called then.
    ///
    /// An error or a panic in this method counts as an error or a panic of the handler.
    ///
    /// # Errors
    ///
    /// Returns the error that the handler shall fail with.
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error>;

    /// Tells an engine in test mode what to do after an attempt.
    ///
    /// `handler` is `None` for a command without a handler. `is_committed` is true if the handler
    /// handled the message. Then its unit of work is committed.
    fn after(
        &self,
        handler: Option<&'static str>,
        message: &Envelope,
        attempt: u32,
        is_committed: bool,
    ) -> EngineAction {
        let _ = (handler, message, attempt, is_committed);
        EngineAction::Continue
    }

    /// Commits the changes of a handler, or events from outside, to `store`.
    ///
    /// An error counts as an error of the store.
    fn commit<'a>(
        &'a self,
        store: &'a dyn Store,
        changes: &'a Changes,
    ) -> PortFuture<'a, Vec<Recorded>> {
        store.commit(changes)
    }

    /// Publishes messages to `broker`. An error counts as an error of the broker.
    fn publish<'a>(
        &'a self,
        broker: &'a dyn Broker,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        broker.publish(publications)
    }
}

/// What an engine in test mode does when an attempt is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineAction {
    /// It acknowledges the message or schedules a retry, and continues.
    #[default]
    Continue,
    /// It crashes before it can acknowledge the message, which is then redelivered.
    Crash,
    /// It acknowledges the message, stops and starts again.
    Restart,
}

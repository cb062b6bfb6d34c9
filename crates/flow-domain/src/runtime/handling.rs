use std::{pin::pin, sync::Arc, time::Duration};

use crate::{
    clock::timeout,
    error::Error,
    handler::{
        AnyHandler, Call, CommittedEvent, Delivery, Disposition, HandlingContext, OnError, Ports,
        Reply, Session, UnitOfWork, catch_panic, handling_span,
    },
    message::{Envelope, Processing},
    record::{EntryId, EntryKind, HandlerKind, HandlerOutcome},
};

/// One message on its way through one method: in a span and a unit of work of its own, recorded from
/// its start to its end.
pub(crate) struct Handling<'a, R> {
    pub(crate) ports: &'a Arc<Ports>,
    pub(crate) envelope: &'a Arc<Envelope>,
    /// The entry of the record at which the message came to be.
    pub(crate) cause: EntryId,
    pub(crate) handler: &'static str,
    pub(crate) kind: HandlerKind,
    pub(crate) instance: &'a AnyHandler,
    pub(crate) call: &'a dyn Call<R>,
    pub(crate) options: AttemptOptions,
}

/// Which attempt it is, and what holds for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptOptions {
    /// From 1.
    pub(crate) attempt: u32,
    /// How often the handler committed for this message before.
    pub(crate) n_commits: u32,
    /// By whom what is raised is handled.
    pub(crate) processing: Processing,
    /// Whether the message is let go if it was handled before.
    pub(crate) once: bool,
    /// How long it may take.
    pub(crate) time_limit: Option<Duration>,
}

impl AttemptOptions {
    /// The only attempt, inline.
    pub(crate) fn inline(once: bool) -> Self {
        Self {
            attempt: 1,
            n_commits: 0,
            processing: Processing::Sync,
            once,
            time_limit: None,
        }
    }
}

/// What became of a handling that did not fail.
pub(crate) enum HandlingSuccess<R> {
    /// The method gave an answer, and what it did is committed.
    Completed(R, Vec<CommittedEvent>),
    /// It was handled before.
    Duplicate,
}

impl<R: HandlerOutput> Handling<'_, R> {
    /// Handles the message and commits what that did. `session` lends its room. Returns the entry at
    /// which it started, too.
    pub(crate) async fn run(
        &self,
        session: &mut Session,
    ) -> (EntryId, Result<HandlingSuccess<R>, Error>) {
        let Self {
            ports,
            envelope,
            options: trial,
            ..
        } = self;

        let started = ports.record(Some(self.cause), || EntryKind::HandlerStarted {
            handler: self.handler,
            kind: self.kind,
            attempt: trial.attempt,
        });

        let context = HandlingContext {
            n_commits: trial.n_commits,
            processing: trial.processing,
            ..HandlingContext::new(Arc::clone(envelope), self.handler, started)
        };
        let mut work = UnitOfWork::begin(Arc::clone(ports), context, std::mem::take(session));
        let span = handling_span(envelope, self.handler, self.kind);
        let handled = {
            let handling = self.handle(&mut work);
            catch_panic(&span, (self.handler, started), pin!(handling)).await
        };
        let _entered = span.enter();

        match &handled {
            Ok(handled) => {
                ports.record(Some(started), || EntryKind::HandlerEnded(handled.outcome()));
            }
            Err(err) => {
                work.record_not_found();
                work.record_failure((self.handler, started), err, work.discarded_effects());
            }
        }

        *session = work.into_session();
        (started, handled)
    }

    /// Records that the message is not for this handler.
    pub(crate) fn record_skipped(&self, reason: String) {
        let started = self
            .ports
            .record(Some(self.cause), || EntryKind::HandlerStarted {
                handler: self.handler,
                kind: self.kind,
                attempt: self.options.attempt,
            });

        self.ports.record(Some(started), || {
            EntryKind::HandlerEnded(HandlerOutcome::Filtered(reason))
        });
    }

    /// Tells the handler that an attempt failed. That this fails as well changes nothing.
    pub(crate) async fn call_error_handler(
        &self,
        on_error: OnError,
        err: &Error,
        attempt: &Delivery,
    ) {
        let span = handling_span(self.envelope, self.handler, self.kind);
        let mut told = on_error(self.instance, err, attempt);
        let told = catch_panic(&span, (self.handler, self.cause), told.as_mut());
        let told = match self.options.time_limit {
            Some(limit) => timeout(limit, told)
                .await
                .unwrap_or_else(|| Err(Error::timed_out(format!("it took longer than {limit:?}")))),
            None => told.await,
        };

        if let Err(failed) = told {
            tracing::error!(handler = self.handler, error = %failed.with_causes(), "handle_error failed");
            self.ports.record(Some(self.cause), || {
                let reason = failed.with_causes().to_string();
                EntryKind::HandleErrorFailed { reason }
            });
        }
    }

    async fn handle(&self, work: &mut UnitOfWork) -> Result<HandlingSuccess<R>, Error> {
        let Self {
            ports,
            envelope,
            options: trial,
            ..
        } = self;

        if let Some(interceptor) = &ports.interceptor {
            interceptor.before(self.handler, envelope, trial.attempt)?;
        }

        // In boxes, what few handlings need: all of them would pay for the room.
        if trial.once && Box::pin(work.was_handled_before()).await? {
            return Ok(HandlingSuccess::Duplicate);
        }

        let called = self.call.call(self.instance, envelope, work);
        let answer = match trial.time_limit {
            Some(limit) => Box::pin(timeout(limit, called)).await.unwrap_or_else(|| {
                Err(Error::timed_out(format!(
                    "{} took longer than {limit:?}",
                    self.handler
                )))
            }),
            None => called.await,
        }?;

        if answer.skip_reason().is_some() {
            return Ok(HandlingSuccess::Completed(answer, Vec::new()));
        }

        if trial.once {
            work.remember_as_handled()?;
        }

        let committed = work.commit().await?;
        Ok(HandlingSuccess::Completed(answer, committed))
    }
}

impl<R: HandlerOutput> HandlingSuccess<R> {
    fn outcome(&self) -> HandlerOutcome {
        match self {
            Self::Duplicate => HandlerOutcome::Deduplicated,
            Self::Completed(answer, _) => match answer.skip_reason() {
                Some(reason) => HandlerOutcome::Filtered(reason.to_owned()),
                None => HandlerOutcome::Handled,
            },
        }
    }
}

/// What a method gives back if it does not fail.
pub(crate) trait HandlerOutput {
    /// Why it let the message go, if it did: nothing is committed then.
    fn skip_reason(&self) -> Option<&str>;
}

impl HandlerOutput for Reply {
    fn skip_reason(&self) -> Option<&str> {
        None
    }
}

impl HandlerOutput for Disposition {
    fn skip_reason(&self) -> Option<&str> {
        match self {
            Self::Handled => None,
            Self::Filtered(reason) => Some(reason),
        }
    }
}

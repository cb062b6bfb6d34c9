use std::{pin::pin, sync::Arc, time::Duration};

use crate::{
    clock::within,
    error::Error,
    handler::{
        AnyHandler, Call, Committed, Context, Delivery, Disposition, OnError, Ports, Reply,
        Session, UnitOfWork, catch_panic, span_of,
    },
    message::{Envelope, Processing},
    record::{Ended, EntryId, HandlerKind, Happening},
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
    pub(crate) trial: Trial,
}

/// Which attempt it is, and what holds for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
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

impl Trial {
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
pub(crate) enum Handled<R> {
    /// The method gave an answer, and what it did is committed.
    Answered(R, Vec<Committed>),
    /// It was handled before.
    Before,
}

impl<R: Answer> Handling<'_, R> {
    /// Handles the message and commits what that did. `session` lends its room. Returns the entry at
    /// which it started, too.
    pub(crate) async fn run(&self, session: &mut Session) -> (EntryId, Result<Handled<R>, Error>) {
        let Self {
            ports,
            envelope,
            trial,
            ..
        } = self;
        let started = ports.record(Some(self.cause), || Happening::HandlerStarted {
            handler: self.handler,
            kind: self.kind,
            attempt: trial.attempt,
        });
        let context = Context {
            n_commits: trial.n_commits,
            processing: trial.processing,
            ..Context::new(Arc::clone(envelope), self.handler, started)
        };
        let mut work = UnitOfWork::begin(Arc::clone(ports), context, std::mem::take(session));
        let span = span_of(envelope, self.handler, self.kind);
        let handled = {
            let handling = self.handle(&mut work);
            catch_panic(&span, (self.handler, started), pin!(handling)).await
        };
        let _entered = span.enter();
        match &handled {
            Ok(handled) => {
                ports.record(Some(started), || Happening::HandlerEnded(handled.end()));
            }
            Err(err) => {
                work.record_misses();
                work.record_failure((self.handler, started), err, work.lost());
            }
        }
        *session = work.into_session();
        (started, handled)
    }

    /// Records that the message is not for this handler.
    pub(crate) fn let_go(&self, reason: String) {
        let started = self
            .ports
            .record(Some(self.cause), || Happening::HandlerStarted {
                handler: self.handler,
                kind: self.kind,
                attempt: self.trial.attempt,
            });
        self.ports.record(Some(started), || {
            Happening::HandlerEnded(Ended::Filtered(reason))
        });
    }

    /// Tells the handler that an attempt failed. That this fails as well changes nothing.
    pub(crate) async fn tell_handler(&self, on_error: OnError, err: &Error, attempt: &Delivery) {
        let span = span_of(self.envelope, self.handler, self.kind);
        let mut told = on_error(self.instance, err, attempt);
        let told = catch_panic(&span, (self.handler, self.cause), told.as_mut());
        let told = match self.trial.time_limit {
            Some(limit) => within(limit, told)
                .await
                .unwrap_or_else(|| Err(Error::timed_out(format!("it took longer than {limit:?}")))),
            None => told.await,
        };
        if let Err(failed) = told {
            tracing::error!(handler = self.handler, error = %failed.with_causes(), "handle_error failed");
            self.ports.record(Some(self.cause), || {
                let reason = failed.with_causes().to_string();
                Happening::HandleErrorFailed { reason }
            });
        }
    }

    async fn handle(&self, work: &mut UnitOfWork) -> Result<Handled<R>, Error> {
        let Self {
            ports,
            envelope,
            trial,
            ..
        } = self;
        if let Some(interceptor) = &ports.interceptor {
            interceptor.before(self.handler, envelope, trial.attempt)?;
        }
        // In boxes, what few handlings need: all of them would pay for the room.
        if trial.once && Box::pin(work.was_handled_before()).await? {
            return Ok(Handled::Before);
        }
        let called = self.call.call(self.instance, envelope, work);
        let answer = match trial.time_limit {
            Some(limit) => Box::pin(within(limit, called)).await.unwrap_or_else(|| {
                Err(Error::timed_out(format!(
                    "{} took longer than {limit:?}",
                    self.handler
                )))
            }),
            None => called.await,
        }?;
        if answer.let_go_because().is_some() {
            return Ok(Handled::Answered(answer, Vec::new()));
        }
        if trial.once {
            work.remember_as_handled()?;
        }
        let committed = work.commit().await?;
        Ok(Handled::Answered(answer, committed))
    }
}

impl<R: Answer> Handled<R> {
    fn end(&self) -> Ended {
        match self {
            Self::Before => Ended::Deduplicated,
            Self::Answered(answer, _) => match answer.let_go_because() {
                Some(reason) => Ended::Filtered(reason.to_owned()),
                None => Ended::Handled,
            },
        }
    }
}

/// What a method gives back if it does not fail.
pub(crate) trait Answer {
    /// Why it let the message go, if it did: nothing is committed then.
    fn let_go_because(&self) -> Option<&str>;
}

impl Answer for Reply {
    fn let_go_because(&self) -> Option<&str> {
        None
    }
}

impl Answer for Disposition {
    fn let_go_because(&self) -> Option<&str> {
        match self {
            Self::Handled => None,
            Self::Filtered(reason) => Some(reason),
        }
    }
}

use std::{sync::Arc, time::Duration};

use crate::{
    clock::timeout,
    error::{Error, FailureOrigin, HandlerFailure},
    handler::{
        AnyHandler, Call, Catalog, CommittedEvent, Delivery, Disposition, HandlingContext, OnError,
        Ports, Reply, Session, UnitOfWork, catch_panic, handling_span,
    },
    message::{Envelope, MessageId, Processing},
    port::Fence,
    record::{EntryId, EntryKind, HandlerKind, HandlerOutcome},
    runtime::lost_race::LostRaces,
};

/// One attempt to handle one message by one method.
///
/// Each call has a span and a unit of work of its own, and its start and end are recorded. A call that
/// loses a race against another writer is repeated within the same attempt.
pub(crate) struct Handling<'a, R> {
    pub(crate) ports: &'a Arc<Ports>,
    pub(crate) envelope: &'a Arc<Envelope>,
    /// The entry of the record at which the message was created.
    pub(crate) cause: EntryId,
    pub(crate) handler: &'static str,
    pub(crate) kind: HandlerKind,
    pub(crate) instance: &'a AnyHandler,
    pub(crate) call: &'a dyn Call<R>,
    pub(crate) options: AttemptOptions,
}

/// The number of an attempt, and its options.
#[derive(Clone, Debug)]
pub(crate) struct AttemptOptions {
    /// The number of the attempt, from 1.
    pub(crate) attempt: u32,
    /// How often the handler committed for this message before.
    pub(crate) n_commits: u32,
    /// Whether the events that it raises are handled inline or by an engine.
    pub(crate) processing: Processing,
    /// Whether the message is skipped if it was handled before.
    pub(crate) once: bool,
    /// How long one call may take.
    pub(crate) time_limit: Duration,
    /// How often the method is called if another writer always commits first.
    pub(crate) conflict_tries: u32,
    /// The right of an engine to handle the message, which the commit checks.
    pub(crate) fence: Option<Fence>,
    /// The event whose mark the commit cancels, because this is the last of its inline handlers.
    pub(crate) unmarked: Option<MessageId>,
}

impl AttemptOptions {
    /// Returns the options of an inline delivery, which has one attempt.
    pub(crate) fn inline(once: bool, time_limit: Duration, conflict_tries: u32) -> Self {
        Self {
            attempt: 1,
            n_commits: 0,
            processing: Processing::Sync,
            once,
            time_limit,
            conflict_tries,
            fence: None,
            unmarked: None,
        }
    }
}

/// The result of a handling that did not fail.
pub(crate) enum HandlingSuccess<R> {
    /// The method returned this output, and the unit of work is committed with these events.
    ///
    /// If the output has a skip reason, nothing is committed.
    Completed(R, Vec<CommittedEvent>),
    /// The message was handled before.
    Duplicate,
}

/// How one call of a method ended, if it did not fail.
enum Called<R> {
    Finished(HandlingSuccess<R>),
    /// Another writer committed first. Nothing was written.
    LostRace(Error),
}

impl<R: HandlerOutput> Handling<'_, R> {
    /// Handles the message and commits the unit of work. Also returns the start entry of the last call.
    ///
    /// The units of work reuse the memory that `session` has allocated.
    pub(crate) async fn run(
        &self,
        session: &mut Session,
    ) -> (EntryId, Result<HandlingSuccess<R>, Error>) {
        let mut lost_races = LostRaces::default();

        loop {
            let (start_entry, result) = self.run_once(session, &mut lost_races).await;
            if let Some(result) = result.transpose() {
                return (start_entry, result);
            }

            let handling = (self.handler, self.options.attempt);
            Box::pin(lost_races.wait(self.ports, self.envelope, handling)).await;
        }
    }

    /// Calls the method once and commits. Returns `None` if it lost a race and is to be called again.
    async fn run_once(
        &self,
        session: &mut Session,
        lost_races: &mut LostRaces,
    ) -> (EntryId, Result<Option<HandlingSuccess<R>>, Error>) {
        let Self {
            ports,
            envelope,
            options,
            ..
        } = self;

        let start_entry = ports.record(Some(self.cause), || EntryKind::HandlerStarted {
            handler: self.handler,
            kind: self.kind,
            attempt: options.attempt,
        });
        let context = HandlingContext {
            unannounced_attempt: (lost_races.n_lost == 0).then_some(options.attempt),
            n_commits: options.n_commits,
            processing: options.processing,
            fence: options.fence.clone(),
            unmarked: options.unmarked,
            ..HandlingContext::new(Arc::clone(envelope), self.handler, start_entry)
        };
        let mut work = UnitOfWork::begin(Arc::clone(ports), context, std::mem::take(session));
        let span = handling_span(envelope, self.handler, self.kind);

        let result = {
            // The box keeps all futures around it small. Memory of more than 1 KiB is slow to allocate.
            let mut future = Box::pin(self.handle(&mut work));
            catch_panic(&span, (self.handler, start_entry), future.as_mut()).await
        };

        let _entered = span.enter();
        let result = match result {
            Ok(Called::Finished(success)) => {
                ports.record(Some(start_entry), || {
                    EntryKind::HandlerEnded(success.outcome())
                });
                Ok(Some(success))
            }
            Ok(Called::LostRace(err)) => {
                let AttemptOptions {
                    conflict_tries,
                    time_limit,
                    ..
                } = *options;
                if lost_races.add(ports, conflict_tries, time_limit) {
                    work.record_lost_race((self.handler, start_entry), &err);
                    self.count_lost_race();
                    Ok(None)
                } else {
                    Err(err.after_tries(lost_races.n_lost))
                }
            }
            Err(err) => Err(err),
        };
        // A handler that failed did not go on. Its own failure is reported.
        let has_gone_on = match &result {
            Ok(success) => success.is_some(),
            Err(err) => err.is_rejection(),
        };
        if has_gone_on {
            work.report_ignored_failures();
        }
        if let Err(err) = &result {
            work.record_not_found();
            work.record_failure((self.handler, start_entry), err, work.discarded_effects());
        }

        *session = work.into_session();
        (start_entry, result)
    }

    /// Counts a lost race for the health of the subscription.
    #[cold]
    fn count_lost_race(&self) {
        let subscription = match self.kind {
            HandlerKind::CommandHandler => {
                let category = self.envelope.metadata.stream.category();
                Catalog::command_subscription_name(category)
            }
            _ => self.handler.to_owned(),
        };

        self.ports
            .engine_metrics
            .update(&subscription.into(), |metrics| metrics.n_lost_races += 1);
    }

    /// Records that the handler skips the message, and why.
    pub(crate) fn record_skipped(&self, reason: String) {
        let start_entry = self
            .ports
            .record(Some(self.cause), || EntryKind::HandlerStarted {
                handler: self.handler,
                kind: self.kind,
                attempt: self.options.attempt,
            });

        self.ports.record(Some(start_entry), || {
            EntryKind::HandlerEnded(HandlerOutcome::Filtered(reason))
        });
    }

    /// Calls `handle_error` of the handler after a failed attempt.
    ///
    /// An error of `handle_error` is recorded and logged, and changes nothing else.
    pub(crate) async fn call_error_handler(
        &self,
        on_error: OnError,
        err: &Error,
        delivery: &Delivery,
    ) {
        let span = handling_span(self.envelope, self.handler, self.kind);
        let mut future = on_error(self.instance, err, delivery);
        let future = catch_panic(&span, (self.handler, self.cause), future.as_mut());
        let future = self.ports.hooks.limit_call(self.handler, future);

        let limit = self.options.time_limit;
        let result = timeout(limit, future).await.unwrap_or_else(|| {
            Err(Error::timed_out(format!(
                "the call took longer than {}",
                limit_text(limit)
            )))
        });

        if let Err(err) = result {
            tracing::error!(handler = self.handler, error = %err.with_causes(), "handle_error failed");
            self.ports.record(Some(self.cause), || {
                let reason = err.with_causes().to_string();
                EntryKind::HandleErrorFailed { reason }
            });
            self.ports.hooks.report_failure(|| {
                let message = self.ports.catalog.labels.label_of_envelope(self.envelope);
                HandlerFailure::new(Some(self.handler), message, err)
                    .with_origin(FailureOrigin::ErrorHandler)
            });
        }
    }

    /// Calls the method and commits, inside the span and the panic guard of [`Self::run`].
    async fn handle(&self, work: &mut UnitOfWork) -> Result<Called<R>, Error> {
        let Self {
            envelope, options, ..
        } = self;

        // Futures that only few handlings need are boxed. Otherwise every handling pays for their size.
        if options.once && Box::pin(work.was_handled_before()).await? {
            return Ok(Called::Finished(HandlingSuccess::Duplicate));
        }

        // A process manager may skip the event, and runs the hook itself if it does not.
        if self.kind != HandlerKind::ProcessManager {
            work.announce_attempt()?;
        }

        let future = self.call.call(self.instance, envelope, work);
        let future = self.ports.hooks.limit_call(self.handler, future);
        let output = call_within(options.time_limit, self.handler, future).await?;
        if output.skip_reason().is_some() {
            let success = HandlingSuccess::Completed(output, Vec::new());
            return Ok(Called::Finished(success));
        }

        if options.once {
            work.remember_as_handled()?;
        }

        match work.commit().await {
            Ok(committed) => {
                let success = HandlingSuccess::Completed(output, committed);
                Ok(Called::Finished(success))
            }
            Err(err) if err.is_conflict() && !work.writes_blindly() => Ok(Called::LostRace(err)),
            Err(err) => Err(err),
        }
    }
}

/// Runs the call of a handler, which fails if it takes longer than `limit`.
pub(crate) async fn call_within<T>(
    limit: Duration,
    handler: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(limit, call).await.unwrap_or_else(|| {
        Err(Error::timed_out(format!(
            "{handler} took longer than {}",
            limit_text(limit)
        )))
    })
}

/// Returns a time limit as text. Nobody reads the digits of a limit that means "none".
fn limit_text(limit: Duration) -> String {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);

    if limit < YEAR {
        format!("{limit:?}")
    } else {
        "its time limit of years".to_owned()
    }
}

impl<R: HandlerOutput> HandlingSuccess<R> {
    /// Returns the outcome to record.
    fn outcome(&self) -> HandlerOutcome {
        match self {
            Self::Duplicate => HandlerOutcome::Deduplicated,
            Self::Completed(output, _) => match output.skip_reason() {
                Some(reason) => HandlerOutcome::Filtered(reason.to_owned()),
                None => HandlerOutcome::Handled,
            },
        }
    }
}

/// The output of a method that did not fail.
pub(crate) trait HandlerOutput {
    /// Returns why the handler skipped the message, if it did. Then nothing is committed.
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

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        delivery::consumer::Target, delivery::incoming::IncomingMessage, delivery::queue::QueueKey,
    },
    error::Error,
    handler::{
        CommittedEvent, Delivery, Interest, OnError, Ports, RetryPolicy, Session, WhenExhausted,
    },
    message::Processing,
    port::Fence,
    record::{EntryId, EntryKind, HandlerKind},
    runtime::{
        AttemptOptions, DELIVERY_TRIES, HandlerOutput, Handling, HandlingSuccess, ProcessResult,
    },
};

/// One attempt to handle a message, with everything that it needs.
#[derive(Debug)]
pub(in crate::engine) struct Attempt {
    pub(in crate::engine) ports: Arc<Ports>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) retry: RetryPolicy,
    pub(in crate::engine) time_limit: Duration,
    pub(in crate::engine) when_exhausted: WhenExhausted,
    /// Where the message is in the queue of its consumer.
    pub(in crate::engine) key: QueueKey,
    pub(in crate::engine) incoming: IncomingMessage,
    /// The right of this engine to handle the message; `None` for a replay.
    pub(in crate::engine) fence: Option<Fence>,
    /// Whether the message may have killed the processes that tried it before.
    pub(in crate::engine) is_quarantined: bool,
    /// How often the handler has already committed for this message.
    pub(in crate::engine) n_commits: u32,
    /// Whether the events of a command are handled inline or by an engine.
    pub(in crate::engine) processing: Processing,
}

/// How an attempt ended, and for which handler.
#[derive(Debug)]
pub(in crate::engine) struct AttemptReport {
    /// The handler; `None` for a command without a handler.
    pub(in crate::engine) handler: Option<&'static str>,
    /// The entry of the handler call if it has started, else the entry of the message.
    pub(in crate::engine) entry: EntryId,
    pub(in crate::engine) result: AttemptResult,
    /// The result of handling the events of a command, if they are handled inline.
    pub(in crate::engine) inline: Option<ProcessResult>,
}

/// The result of an attempt.
#[derive(Debug)]
pub(in crate::engine) enum AttemptResult {
    /// The handler committed these events.
    Handled(Vec<CommittedEvent>),
    /// The handler filtered the message or had handled it before, or its deadline had passed.
    Skipped,
    /// The subscription has no method for the message, or the message was handled inline.
    NotSubscribed,
    /// The domain rejected a command, which is not a failure.
    Rejected(
        #[cfg_attr(
            not(feature = "testing"),
            expect(dead_code, reason = "the report of the test engine has it")
        )]
        Error,
    ),
    /// The deadline of a command had passed, so no handler was called.
    Expired(
        #[cfg_attr(
            not(feature = "testing"),
            expect(dead_code, reason = "the report of the test engine has it")
        )]
        Error,
    ),
    /// The event is newer than this program, so no handler saw it. Its stream waits.
    NewerEvent(Error),
    /// Another engine owns the partition by now, so nothing was committed.
    Fenced,
    /// The attempt failed; there is a retry unless `is_last`.
    Failed { error: Error, is_last: bool },
}

impl AttemptResult {
    fn last_failure(error: Error) -> Self {
        Self::Failed {
            error,
            is_last: true,
        }
    }
}

impl AttemptReport {
    /// Returns true if no handler saw the message, so this does not count as an attempt.
    pub(in crate::engine) fn is_ignored(&self) -> bool {
        matches!(
            self.result,
            AttemptResult::NotSubscribed | AttemptResult::NewerEvent(_) | AttemptResult::Fenced
        )
    }
}

impl Attempt {
    /// Handles the message once and commits. If that fails, calls `handle_error` of the handler.
    pub(in crate::engine) async fn run(&self, session: &mut Session) -> AttemptReport {
        let entry = self.ports.entry_of(self.incoming.envelope.metadata.id);
        if self.is_given_up() {
            return self.report_killer(entry);
        }

        match self.target {
            Target::Events(subscription_idx) => {
                self.run_event(subscription_idx, entry, session).await
            }
            Target::Commands(_) => self.run_command(entry, session).await,
        }
    }

    async fn run_event(
        &self,
        subscription_idx: usize,
        entry: EntryId,
        session: &mut Session,
    ) -> AttemptReport {
        let event = &self.incoming.envelope;
        let catalog = &self.ports.catalog;
        let subscription = &catalog.subscriptions[subscription_idx];
        let handler = subscription.handler;
        let report = |result| Self::report(Some(handler), entry, result);

        // The event was already handled inline, right after it was committed.
        if event.metadata.processing == Processing::Sync {
            return report(AttemptResult::NotSubscribed);
        }

        let route = match catalog.interest(subscription_idx, event) {
            Interest::Route(route) => route,
            Interest::None => return report(AttemptResult::NotSubscribed),
            Interest::Newer | Interest::Unreadable => return report(self.fail_unreadable_event()),
        };

        let handling = Handling {
            ports: &self.ports,
            envelope: event,
            cause: entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            options: self.options(
                subscription.is_once(),
                subscription.conflict_tries(),
                Processing::Async,
            ),
        };

        if let Some(reason) = subscription.skip_reason(event) {
            handling.record_skipped(reason);
            return report(AttemptResult::Skipped);
        }

        self.handle(&handling, subscription.on_error, session).await
    }

    async fn run_command(&self, entry: EntryId, session: &mut Session) -> AttemptReport {
        let command = &self.incoming.envelope;
        let route = match self.ports.catalog.require_command_route(command) {
            Ok(route) => route,
            Err(error) => {
                self.ports.record(Some(entry), || EntryKind::NoSubscriber);
                return Self::report(None, entry, AttemptResult::last_failure(error));
            }
        };

        if let Some(error) = self.ports.check_deadline(command, entry) {
            return Self::report(Some(route.handler), entry, AttemptResult::Expired(error));
        }

        let handling = Handling {
            ports: &self.ports,
            envelope: command,
            cause: entry,
            handler: route.handler,
            kind: HandlerKind::CommandHandler,
            instance: &route.instance,
            call: &*route.call,
            options: self.options(route.is_once(), route.conflict_tries(), self.processing),
        };
        self.handle(&handling, route.on_error, session).await
    }

    /// Calls the handler and commits. If that fails, calls `handle_error`.
    async fn handle<R: HandlerOutput>(
        &self,
        handling: &Handling<'_, R>,
        on_error: OnError,
        session: &mut Session,
    ) -> AttemptReport {
        let (start_entry, handled) = handling.run(session).await;
        let is_command = handling.kind == HandlerKind::CommandHandler;
        let result = match handled {
            Ok(HandlingSuccess::Completed(output, committed)) if output.skip_reason().is_none() => {
                AttemptResult::Handled(committed)
            }
            Ok(_) => AttemptResult::Skipped,
            Err(error) if error.is_fenced() => AttemptResult::Fenced,
            Err(error) if is_command && error.is_rejection() => AttemptResult::Rejected(error),
            Err(error) => {
                let attempt = self.incoming.attempt;
                let is_last = !self.retry.should_retry(attempt, &error);
                let envelope = Arc::clone(&self.incoming.envelope);
                let delivery = Delivery::new(envelope, attempt, is_last);
                handling
                    .call_error_handler(on_error, &error, &delivery)
                    .await;
                AttemptResult::Failed { error, is_last }
            }
        };

        Self::report(Some(handling.handler), start_entry, result)
    }

    fn options(
        &self,
        once: bool,
        conflict_tries: Option<u32>,
        processing: Processing,
    ) -> AttemptOptions {
        AttemptOptions {
            attempt: self.incoming.attempt,
            n_commits: self.n_commits,
            processing,
            once,
            time_limit: self.time_limit,
            conflict_tries: conflict_tries.unwrap_or(DELIVERY_TRIES),
            fence: self.fence.clone(),
            unmarked: None,
        }
    }

    /// Returns the result for an event that the program cannot read.
    ///
    /// Such an event must not be skipped: a newer program may have raised it, and it would be lost.
    fn fail_unreadable_event(&self) -> AttemptResult {
        let event = &self.incoming.envelope;
        let Err(error) = self.ports.catalog.require_readable(event) else {
            return AttemptResult::NotSubscribed;
        };

        // A dead letter has left its stream, so nothing waits for it.
        let is_replay = self.incoming.dead_letter_id().is_some();
        if error.is_newer_event() && !is_replay {
            return AttemptResult::NewerEvent(error);
        }

        AttemptResult::last_failure(error)
    }

    /// Returns true if no attempt survived. Then the message becomes a dead letter untried.
    pub(in crate::engine) fn is_given_up(&self) -> bool {
        self.is_quarantined && self.retry.attempts < self.incoming.attempt
    }

    /// Returns the report for a message that no attempt survived.
    fn report_killer(&self, entry: EntryId) -> AttemptReport {
        let catalog = &self.ports.catalog;
        let handler = match self.target {
            Target::Events(idx) => Some(catalog.subscriptions[idx].handler),
            Target::Commands(_) => {
                let route = catalog.require_command_route(&self.incoming.envelope);
                route.ok().map(|route| route.handler)
            }
        };
        let error = Error::killed_process(self.incoming.attempt - 1);
        Self::report(handler, entry, AttemptResult::last_failure(error))
    }

    fn report(
        handler: Option<&'static str>,
        entry: EntryId,
        result: AttemptResult,
    ) -> AttemptReport {
        AttemptReport {
            handler,
            entry,
            result,
            inline: None,
        }
    }
}

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{delivery::consumer::Target, delivery::incoming::IncomingMessage},
    error::Error,
    handler::{CommittedEvent, Delivery, Disposition, Ports, RetryPolicy, Session, WhenExhausted},
    message::Processing,
    record::{EntryId, EntryKind, HandlerKind},
    runtime::{AttemptOptions, Handling, HandlingSuccess, ProcessResult},
};

/// What is needed to try a message, besides the message.
#[derive(Debug)]
pub(in crate::engine) struct Attempt {
    pub(in crate::engine) ports: Arc<Ports>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) retry: RetryPolicy,
    pub(in crate::engine) time_limit: Duration,
    pub(in crate::engine) when_exhausted: WhenExhausted,
    pub(in crate::engine) incoming: IncomingMessage,
    /// How often the handler committed for this message before.
    pub(in crate::engine) n_commits: u32,
    /// By whom what a command causes is handled.
    pub(in crate::engine) processing: Processing,
}

/// What became of an attempt.
#[derive(Debug)]
pub(in crate::engine) struct AttemptReport {
    /// The handler; the subscription if there was none.
    pub(in crate::engine) handler: &'static str,
    pub(in crate::engine) message: String,
    /// Where it started, or where the message came to be.
    pub(in crate::engine) entry: EntryId,
    pub(in crate::engine) result: AttemptResult,
    /// What became of the events of a command, if they are handled inline.
    pub(in crate::engine) inline: Option<ProcessResult>,
}

#[derive(Debug)]
pub(in crate::engine) enum AttemptResult {
    /// It was handled, and this was committed.
    Handled(Vec<CommittedEvent>),
    /// There was nothing to do.
    Skipped(SkipReason),
    /// A command was refused; that is an answer.
    Rejected(Error),
    Failed {
        error: Error,
        is_last: bool,
    },
}

/// Why there was nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum SkipReason {
    /// The message is none that this subscription has a method for, or was handled inline.
    NotSubscribed,
    /// The handler let it go, or its origin is another.
    Filtered,
    /// It was handled before.
    Duplicate,
    /// It came after its deadline.
    Expired,
}

impl AttemptReport {
    /// Returns true if nobody looked at the message.
    pub(in crate::engine) fn is_ignored(&self) -> bool {
        matches!(
            self.result,
            AttemptResult::Skipped(SkipReason::NotSubscribed)
        )
    }
}

impl Attempt {
    /// Tries the message once: handles it, commits, and tells the handler if that failed.
    pub(in crate::engine) async fn run(&self, session: &mut Session) -> AttemptReport {
        let entry = self.ports.entry_of(self.incoming.envelope.metadata.id);
        match self.target {
            Target::Events(place) => self.run_event(place, entry, session).await,
            Target::Commands(_) => self.run_command(entry, session).await,
        }
    }

    async fn run_event(
        &self,
        place: usize,
        entry: EntryId,
        session: &mut Session,
    ) -> AttemptReport {
        let event = &self.incoming.envelope;
        let catalog = &self.ports.catalog;
        let subscription = &catalog.subscriptions[place];
        let handler = subscription.handler;

        if event.metadata.processing == Processing::Sync {
            return self.report(
                handler,
                entry,
                AttemptResult::Skipped(SkipReason::NotSubscribed),
            );
        }

        let Some(route) = catalog.route_in(place, event) else {
            let tried = if catalog.knows_event(event) {
                AttemptResult::Skipped(SkipReason::NotSubscribed)
            } else {
                self.fail_unknown_event()
            };
            return self.report(handler, entry, tried);
        };

        let handling = Handling {
            ports: &self.ports,
            envelope: event,
            cause: entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            options: self.options(subscription.is_once(), Processing::Async),
        };

        if let Some(reason) = subscription.skip_reason(event) {
            handling.record_skipped(reason);
            return self.report(handler, entry, AttemptResult::Skipped(SkipReason::Filtered));
        }

        let (started, handled) = handling.run(session).await;
        let tried = match handled {
            Ok(HandlingSuccess::Completed(disposition, committed)) => match disposition {
                Disposition::Handled => AttemptResult::Handled(committed),
                Disposition::Filtered(_) => AttemptResult::Skipped(SkipReason::Filtered),
            },
            Ok(HandlingSuccess::Duplicate) => AttemptResult::Skipped(SkipReason::Duplicate),
            Err(error) => {
                let (attempt, is_last) = self.delivery(&error);
                handling
                    .call_error_handler(subscription.on_error, &error, &attempt)
                    .await;
                AttemptResult::Failed { error, is_last }
            }
        };

        self.report(handler, started, tried)
    }

    async fn run_command(&self, entry: EntryId, session: &mut Session) -> AttemptReport {
        let command = &self.incoming.envelope;
        let route = match self.ports.catalog.require_command_route(command) {
            Ok(route) => route,
            Err(error) => {
                self.ports.record(Some(entry), || EntryKind::NoSubscriber);
                let is_last = true;
                return self.report("nobody", entry, AttemptResult::Failed { error, is_last });
            }
        };

        if self.ports.check_deadline(command, entry).is_some() {
            return self.report(
                route.handler,
                entry,
                AttemptResult::Skipped(SkipReason::Expired),
            );
        }

        let handling = Handling {
            ports: &self.ports,
            envelope: command,
            cause: entry,
            handler: route.handler,
            kind: HandlerKind::CommandHandler,
            instance: &route.instance,
            call: &*route.call,
            options: self.options(route.is_once(), self.processing),
        };
        let (started, handled) = handling.run(session).await;
        let tried = match handled {
            Ok(HandlingSuccess::Completed(_, committed)) => AttemptResult::Handled(committed),
            Ok(HandlingSuccess::Duplicate) => AttemptResult::Skipped(SkipReason::Duplicate),
            Err(error) if error.is_rejection() => AttemptResult::Rejected(error),
            Err(error) => {
                let (attempt, is_last) = self.delivery(&error);
                handling
                    .call_error_handler(route.on_error, &error, &attempt)
                    .await;
                AttemptResult::Failed { error, is_last }
            }
        };

        self.report(route.handler, started, tried)
    }

    fn options(&self, once: bool, processing: Processing) -> AttemptOptions {
        AttemptOptions {
            attempt: self.incoming.attempt,
            n_commits: self.n_commits,
            processing,
            once,
            time_limit: Some(self.time_limit),
        }
    }

    fn delivery(&self, error: &Error) -> (Delivery, bool) {
        let attempt = self.incoming.attempt;
        let is_last = !self.retry.should_retry(attempt, error);
        let envelope = Arc::clone(&self.incoming.envelope);
        (Delivery::new(envelope, attempt, is_last), is_last)
    }

    /// Nobody can say what an event means that the domain does not know, so it is not let go.
    fn fail_unknown_event(&self) -> AttemptResult {
        let metadata = &self.incoming.envelope.metadata;
        let error = Error::setup(format!(
            "the domain does not know the event `{}` of `{}`: \
             list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`",
            metadata.message_type, metadata.stream
        ));

        AttemptResult::Failed {
            error,
            is_last: true,
        }
    }

    fn report(
        &self,
        handler: &'static str,
        entry: EntryId,
        result: AttemptResult,
    ) -> AttemptReport {
        let message = self.incoming.envelope.metadata.message_type.name();
        AttemptReport {
            handler,
            message: message.to_owned(),
            entry,
            result,
            inline: None,
        }
    }
}

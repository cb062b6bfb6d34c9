use std::{sync::Arc, time::Duration};

use crate::{
    engine::{delivery::consumer::Target, delivery::incoming::Incoming},
    error::Error,
    handler::{Committed, Delivery, Disposition, Ports, RetryPolicy, Session, WhenExhausted},
    message::Processing,
    record::{EntryId, HandlerKind, Happening},
    runtime::{Handled, Handling, Processed, Trial},
};

/// What is needed to try a message, besides the message.
#[derive(Debug)]
pub(in crate::engine) struct Attempt {
    pub(in crate::engine) ports: Arc<Ports>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) retry: RetryPolicy,
    pub(in crate::engine) time_limit: Duration,
    pub(in crate::engine) when_exhausted: WhenExhausted,
    pub(in crate::engine) incoming: Incoming,
    /// How often the handler committed for this message before.
    pub(in crate::engine) n_commits: u32,
    /// By whom what a command causes is handled.
    pub(in crate::engine) processing: Processing,
}

/// What became of an attempt.
#[derive(Debug)]
pub(in crate::engine) struct Attempted {
    /// The handler; the subscription if there was none.
    pub(in crate::engine) handler: &'static str,
    pub(in crate::engine) message: String,
    /// Where it started, or where the message came to be.
    pub(in crate::engine) entry: EntryId,
    pub(in crate::engine) result: Tried,
    /// What became of the events of a command, if they are handled inline.
    pub(in crate::engine) inline: Option<Processed>,
}

#[derive(Debug)]
pub(in crate::engine) enum Tried {
    /// It was handled, and this was committed.
    Handled(Vec<Committed>),
    /// There was nothing to do.
    LetGo(LetGo),
    /// A command was refused; that is an answer.
    Rejected(Error),
    Failed {
        error: Error,
        is_last: bool,
    },
}

/// Why there was nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum LetGo {
    /// The message is none that this subscription has a method for, or was handled inline.
    NotForIt,
    /// The handler let it go, or its origin is another.
    Filtered,
    /// It was handled before.
    Deduplicated,
    /// It came after its deadline.
    Expired,
}

impl Attempted {
    /// Returns true if nobody looked at the message.
    pub(in crate::engine) fn is_passed_over(&self) -> bool {
        matches!(self.result, Tried::LetGo(LetGo::NotForIt))
    }
}

impl Attempt {
    /// Tries the message once: handles it, commits, and tells the handler if that failed.
    pub(in crate::engine) async fn run(&self, session: &mut Session) -> Attempted {
        let entry = self.ports.entry_of(self.incoming.envelope.metadata.id);
        match self.target {
            Target::Events(place) => self.event(place, entry, session).await,
            Target::Commands(_) => self.command(entry, session).await,
        }
    }

    async fn event(&self, place: usize, entry: EntryId, session: &mut Session) -> Attempted {
        let event = &self.incoming.envelope;
        let catalog = &self.ports.catalog;
        let subscription = &catalog.subscriptions[place];
        let handler = subscription.handler;
        if event.metadata.processing == Processing::Sync {
            return self.attempted(handler, entry, Tried::LetGo(LetGo::NotForIt));
        }
        let Some(route) = catalog.route_in(place, event) else {
            let tried = if catalog.knows_event(event) {
                Tried::LetGo(LetGo::NotForIt)
            } else {
                self.unknown_event()
            };
            return self.attempted(handler, entry, tried);
        };
        let handling = Handling {
            ports: &self.ports,
            envelope: event,
            cause: entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            trial: self.trial(subscription.is_once(), Processing::Async),
        };
        if let Some(reason) = subscription.lets_go(event) {
            handling.let_go(reason);
            return self.attempted(handler, entry, Tried::LetGo(LetGo::Filtered));
        }
        let (started, handled) = handling.run(session).await;
        let tried = match handled {
            Ok(Handled::Answered(disposition, committed)) => match disposition {
                Disposition::Handled => Tried::Handled(committed),
                Disposition::Filtered(_) => Tried::LetGo(LetGo::Filtered),
            },
            Ok(Handled::Before) => Tried::LetGo(LetGo::Deduplicated),
            Err(error) => {
                let (attempt, is_last) = self.delivery(&error);
                handling
                    .tell_handler(subscription.on_error, &error, &attempt)
                    .await;
                Tried::Failed { error, is_last }
            }
        };
        self.attempted(handler, started, tried)
    }

    async fn command(&self, entry: EntryId, session: &mut Session) -> Attempted {
        let command = &self.incoming.envelope;
        let route = match self.ports.catalog.route_of_command(command) {
            Ok(route) => route,
            Err(error) => {
                self.ports.record(Some(entry), || Happening::NoSubscriber);
                let is_last = true;
                return self.attempted("nobody", entry, Tried::Failed { error, is_last });
            }
        };
        if self.ports.expired(command, entry).is_some() {
            return self.attempted(route.handler, entry, Tried::LetGo(LetGo::Expired));
        }
        let handling = Handling {
            ports: &self.ports,
            envelope: command,
            cause: entry,
            handler: route.handler,
            kind: HandlerKind::CommandHandler,
            instance: &route.instance,
            call: &*route.call,
            trial: self.trial(route.is_once(), self.processing),
        };
        let (started, handled) = handling.run(session).await;
        let tried = match handled {
            Ok(Handled::Answered(_, committed)) => Tried::Handled(committed),
            Ok(Handled::Before) => Tried::LetGo(LetGo::Deduplicated),
            Err(error) if error.is_rejection() => Tried::Rejected(error),
            Err(error) => {
                let (attempt, is_last) = self.delivery(&error);
                handling
                    .tell_handler(route.on_error, &error, &attempt)
                    .await;
                Tried::Failed { error, is_last }
            }
        };
        self.attempted(route.handler, started, tried)
    }

    fn trial(&self, once: bool, processing: Processing) -> Trial {
        Trial {
            attempt: self.incoming.attempt,
            n_commits: self.n_commits,
            processing,
            once,
            time_limit: Some(self.time_limit),
        }
    }

    fn delivery(&self, error: &Error) -> (Delivery, bool) {
        let attempt = self.incoming.attempt;
        let is_last = !self.retry.tries_again(attempt, error);
        let envelope = Arc::clone(&self.incoming.envelope);
        (Delivery::new(envelope, attempt, is_last), is_last)
    }

    /// Nobody can say what an event means that the domain does not know, so it is not let go.
    fn unknown_event(&self) -> Tried {
        let metadata = &self.incoming.envelope.metadata;
        let error = Error::setup(format!(
            "the domain does not know the event `{}` of `{}`: \
             list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`",
            metadata.message_type, metadata.stream
        ));
        Tried::Failed {
            error,
            is_last: true,
        }
    }

    fn attempted(&self, handler: &'static str, entry: EntryId, result: Tried) -> Attempted {
        let message = self.incoming.envelope.metadata.message_type.name();
        Attempted {
            handler,
            message: message.to_owned(),
            entry,
            result,
            inline: None,
        }
    }
}

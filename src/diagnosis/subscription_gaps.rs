use flow_domain::{record::TableKind, testing::StateType};

use crate::{
    diagnosis::{Cause, causal_index::CausalIndex, indexed_message::IndexedMessage},
    expect::StateSubject,
};

/// The events that the writers of a state do not subscribe to, each as a possible cause.
#[derive(Debug)]
pub(super) struct SubscriptionGaps {
    /// The events that no handler subscribes to.
    pub(super) no_subscriber: Vec<Cause>,
    /// The events that only other handlers subscribe to.
    pub(super) other_subscribers: Vec<Cause>,
    /// The events that a process manager caused itself. It may have to wait for them.
    pub(super) self_caused: Vec<Cause>,
    /// The events that a handler omits, although it subscribes to all others of the aggregate.
    pub(super) omitted: Vec<Cause>,
    /// The events with the key of a process, in categories that the process manager does not read.
    pub(super) unread_categories: Vec<Cause>,
}

/// Which subscriptions of the writers of a state are missing.
impl<'r> CausalIndex<'r> {
    /// Returns the events of the acts that the writers of a state do not subscribe to.
    ///
    /// `is_absent` says that the state does not exist at all.
    pub(super) fn subscription_gaps(
        &self,
        subject: &StateSubject,
        is_absent: bool,
    ) -> SubscriptionGaps {
        let StateType { kind, name, .. } = subject.state_type;
        let handlers = self.writer_handlers(subject);
        let (unsubscribed, subscribed): (Vec<_>, Vec<_>) = self
            .unhandled_events(subject)
            .into_iter()
            .partition(|event| self.is_unsubscribed(event));

        let no_subscriber = unsubscribed
            .iter()
            .map(|event| self.no_subscriber(event, self.reader_of(&handlers, event)))
            .collect();
        let omitted = match kind {
            TableKind::Aggregate => subscribed
                .iter()
                .filter_map(|event| self.omitted_subscription(event))
                .collect(),
            _ => Vec::new(),
        };
        let unread_categories = match kind {
            TableKind::ProcessManager => subscribed
                .iter()
                .filter(|event| self.reader_of(&handlers, event).is_none())
                .map(|event| self.no_subscriber(event, Some(name)))
                .collect(),
            _ => Vec::new(),
        };

        let needs_no_event =
            kind == TableKind::Aggregate || is_absent && self.has_writer_call(subject);
        let (self_caused, other_subscribers) = if needs_no_event {
            (Vec::new(), Vec::new())
        } else {
            self.unread_events(&handlers, &subscribed)
        };

        SubscriptionGaps {
            no_subscriber,
            other_subscribers,
            // A process manager may wait for the events that its commands cause. Other handlers
            // know what they caused.
            self_caused: match kind {
                TableKind::ProcessManager => self_caused,
                _ => Vec::new(),
            },
            omitted,
            unread_categories,
        }
    }

    /// Returns the events that a handler does not subscribe to, although it reads their category.
    ///
    /// The first list has the events that the handler caused itself, the second list all others.
    fn unread_events(
        &self,
        handlers: &[&'static str],
        events: &[&IndexedMessage<'r>],
    ) -> (Vec<Cause>, Vec<Cause>) {
        let (mut self_caused, mut others) = (Vec::new(), Vec::new());
        for event in events {
            let Some(reader) = self.reader_of(handlers, event) else {
                continue;
            };

            let cause = self.no_subscriber(event, Some(reader));
            if self.is_caused_by(event, reader) {
                self_caused.push(cause);
            } else {
                others.push(cause);
            }
        }

        (self_caused, others)
    }

    /// Returns the handlers that write the state. A handler with two routes is in the list twice.
    fn writer_handlers(&self, subject: &StateSubject) -> Vec<&'static str> {
        self.writers_of(subject)
            .iter()
            .map(|route| route.handler)
            .collect()
    }

    /// Returns the first handler that reads the category of an event.
    fn reader_of(
        &self,
        handlers: &[&'static str],
        event: &IndexedMessage<'r>,
    ) -> Option<&'static str> {
        handlers
            .iter()
            .copied()
            .find(|handler| self.reads_category(handler, event.category()))
    }

    /// Returns the events about the subject that no writer of the state handles.
    pub(super) fn unhandled_events(&self, subject: &StateSubject) -> Vec<&IndexedMessage<'r>> {
        let writers = self.writers_of(subject);
        let aggregate = self.aggregate(subject.state_type.name);

        self.messages_in_acts()
            .filter(|message| {
                // An aggregate need not subscribe to the events that it raised itself.
                let is_own =
                    aggregate.is_some_and(|aggregate| aggregate.category == message.category());

                message.is_event()
                    && !is_own
                    && message.is_stored()
                    && message.is_about_subject(subject)
                    && !writers.iter().any(|route| route.matches(message))
            })
            .collect()
    }

    /// Returns true if a writer of the state was called with a message about the subject.
    fn has_writer_call(&self, subject: &StateSubject) -> bool {
        self.calls_in_acts()
            .any(|call| self.is_writer(call, subject) && self.is_call_about(call, subject))
    }

    /// Returns true if a call of a handler caused a message, directly or through other messages.
    fn is_caused_by(&self, message: &IndexedMessage<'r>, handler: &str) -> bool {
        std::iter::successors(self.producer_of(message), |call| {
            self.producer_of(self.message_of(call)?)
        })
        .any(|call| call.handler == handler)
    }
}

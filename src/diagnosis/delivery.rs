use flow_domain::{clock::Timestamp, record::HandlerKind, wiring::nearest};

use crate::diagnosis::{
    Cause, NearMiss, causal_index::CausalIndex, indexed_message::IndexedMessage,
};

/// Why a message did not reach its handlers.
impl<'r> CausalIndex<'r> {
    /// Returns why a message had no effect; `None` if it had one, or if the reason is not known.
    pub(super) fn problem_of_message(&self, message: &IndexedMessage<'r>) -> Option<Cause> {
        let producer = self.producer_of(message);
        let undelivered = |reason| {
            Some(Cause::Undelivered {
                message: message.name.clone(),
                reason,
                sent_by: producer.map(|producer| self.handler_call(producer)),
                entry: message.entry,
            })
        };

        if !message.is_stored() {
            return producer.and_then(|producer| self.problem_of_call(producer));
        }

        if message.is_cancelled {
            return undelivered("was cancelled");
        }

        if message.has_no_subscriber && !message.is_event() {
            return Some(self.no_handler(message));
        }

        if message.is_expired {
            return undelivered("arrived after its deadline");
        }

        if self.calls_of(message).next().is_some() {
            return None;
        }

        match message.due {
            Some(due) if self.end_time() < due => Some(Cause::Scheduled {
                command: message.name.clone(),
                due,
                entry: message.entry,
            }),
            _ if !message.is_event() && message.is_async() => Some(Cause::Pending {
                message: message.name.clone(),
                waits_for: "and not handled yet".to_owned(),
                entry: Some(message.entry),
            }),
            _ => None,
        }
    }

    /// Returns the time at which the record ends.
    fn end_time(&self) -> Timestamp {
        let last = self.record.entries().last();
        last.map_or(Timestamp::default(), |last| last.time)
    }

    /// Returns why a message did not reach a handler.
    pub(super) fn delivery_problem(
        &self,
        handler: &'static str,
        message: &IndexedMessage<'r>,
    ) -> Option<Cause> {
        if message.is_event() && !self.is_subscribed(handler, message) {
            return Some(self.no_subscriber(message, Some(handler)));
        }

        if message.has_no_subscriber && !message.is_event() {
            return Some(self.no_handler(message));
        }

        let backlog = self
            .remaining
            .backlogs
            .iter()
            .find(|backlog| *backlog.subscription == *handler);
        let waits_for = match backlog {
            Some(backlog) => match backlog.paused_until {
                Some(until) => format!("for {handler}, which is paused until {until}"),
                None => format!("for {handler}"),
            },
            None if 0 < self.remaining.outbox => "and not published yet".to_owned(),
            None => return self.problem_of_message(message),
        };

        Some(Cause::Pending {
            message: message.name.clone(),
            waits_for,
            entry: Some(message.entry),
        })
    }

    /// Returns the cause that `handler` does not subscribe to an event.
    ///
    /// `None` stands for all handlers.
    pub(super) fn no_subscriber(
        &self,
        event: &IndexedMessage<'r>,
        handler: Option<&'static str>,
    ) -> Cause {
        Cause::NoSubscriber {
            event: event.name.clone(),
            handler,
            near_miss: self
                .is_unsubscribed(event)
                .then(|| self.near_miss(event))
                .flatten(),
            entry: event.stored_at.unwrap_or(event.entry),
        }
    }

    /// Returns the cause that a handler does not subscribe to this event, but to all other events
    /// of the aggregate.
    pub(super) fn omitted_subscription(&self, event: &IndexedMessage<'r>) -> Option<Cause> {
        if !event.is_event() || !event.is_stored() {
            return None;
        }

        let aggregate = self
            .wiring
            .aggregates
            .iter()
            .find(|aggregate| aggregate.category == event.category())?;
        let other_events = || {
            aggregate
                .events
                .iter()
                .filter(|other| **other != event.name)
        };

        // With fewer events, the omission is likely on purpose. A handler that subscribes to two
        // of three may well not want the third.
        if other_events().count() < 3 {
            return None;
        }

        let routes = || self.wiring.subscriptions.iter();
        let subscribes = |handler: &str, name: &str| {
            routes().any(|route| {
                (route.handler, route.category) == (handler, aggregate.category)
                    && route.event == *name
            })
        };

        let route = routes()
            .filter(|route| route.kind != HandlerKind::Projector)
            .find(|route| {
                !subscribes(route.handler, &event.name)
                    && other_events().all(|name| subscribes(route.handler, name))
            })?;

        Some(self.no_subscriber(event, Some(route.handler)))
    }

    /// Returns a handler that subscribes to nearly the same event.
    fn near_miss(&self, event: &IndexedMessage<'r>) -> Option<NearMiss> {
        let routes = || self.wiring.subscriptions.iter();
        let event_type = &event.envelope.metadata.message_type;
        let category = event.category();

        let other_category = routes()
            .find(|route| event_type.matches(route.event_name) && route.category != category);
        if let Some(route) = other_category {
            return Some(NearMiss::Category {
                handler: route.handler,
                wanted: route.category,
                found: category.to_owned(),
            });
        }

        let other_version = routes().find(|route| {
            route.event_name.as_str() == event_type.name()
                && route.event_name.version() != event_type.version()
        });
        if let Some(route) = other_version {
            return Some(NearMiss::Version {
                handler: route.handler,
                wanted: route.event.clone(),
            });
        }

        // If the event of a route was raised, the name in the route is right. The route is then no
        // near miss.
        let never_raised =
            routes().filter(|route| self.stored_messages(&route.event).next().is_none());
        let wanted = nearest(&event.name, never_raised.map(|route| route.event.as_str()))?;
        let route = routes().find(|route| route.event == wanted)?;

        Some(NearMiss::Name {
            handler: route.handler,
            wanted: wanted.to_owned(),
        })
    }

    /// Returns true if a handler subscribes to an event.
    pub(super) fn is_subscribed(&self, handler: &str, event: &IndexedMessage<'_>) -> bool {
        self.wiring.subscriptions.iter().any(|route| {
            (route.handler, route.category) == (handler, event.category())
                && route.event == event.name
        })
    }

    /// Returns true if no handler at all subscribes to an event.
    pub(super) fn is_unsubscribed(&self, event: &IndexedMessage<'r>) -> bool {
        self.wiring
            .subscriptions
            .iter()
            .all(|route| route.event != event.name || route.category != event.category())
    }

    /// Returns true if a handler subscribes to any event of this category.
    pub(super) fn reads_category(&self, handler: &str, category: &str) -> bool {
        self.wiring
            .subscriptions
            .iter()
            .any(|route| route.handler == handler && route.category == category)
    }

    /// Returns true if the aggregate of this category is folded from its events.
    pub(super) fn is_event_sourced(&self, category: &str) -> bool {
        self.wiring
            .aggregates
            .iter()
            .any(|aggregate| aggregate.category == category && aggregate.event_sourced)
    }
}

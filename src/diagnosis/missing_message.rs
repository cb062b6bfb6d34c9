use flow_domain::{
    clock::Timestamp,
    record::{HandlerKind, HandlerOutcome, TableKind},
    wiring::{AggregateWiring, nearest},
};

use crate::diagnosis::{
    Cause, NearMiss,
    candidates::{Candidates, GUESS_DISTANCE},
    causal_index::{CausalIndex, IndexedCall, IndexedMessage},
};

/// Farther than anything that happened: what did not happen at all is told last.
const NEVER_SENT_DISTANCE: usize = 1_000;

/// Why a message did not come.
impl<'r> CausalIndex<'r> {
    /// Walks back from a message that did not come to what did happen, and tells where it stopped.
    pub(super) fn missing_message(&self, name: &str) -> Candidates {
        self.missing_message_about(name, None)
    }

    /// The same for one that is about the thing with this id.
    pub(super) fn missing_message_about(&self, name: &str, id: Option<&str>) -> Candidates {
        let mut found = Candidates::default();
        for event in self.messages_in_acts().filter(|one| one.name != name) {
            found.add_inferred(GUESS_DISTANCE, self.omitted_subscription(event));
        }

        self.trace_producers((name, id), 0, &mut Vec::new(), &mut found);
        // An event that nobody handles may be the one on which it would have come.
        let producers = self.producers_of(name);
        let unheard = self.messages_in_acts().filter(|one| {
            one.is_event()
                && one.stored_at.is_some()
                && one.name != name
                && self.is_unsubscribed(one)
        });

        for event in unheard {
            let reader = producers
                .iter()
                .map(|(handler, _)| *handler)
                .find(|handler| self.reads_category(handler, event.category()));

            // An aggregate is folded from its events by itself: nobody need be told of them.
            if reader.is_some() || !self.is_event_sourced(event.category()) {
                found.add_inferred(GUESS_DISTANCE, Some(self.no_subscriber(event, reader)));
            }
        }

        found
    }

    fn trace_producers(
        &self,
        (name, id): (&str, Option<&str>),
        depth: usize,
        known: &mut Vec<String>,
        found: &mut Candidates,
    ) {
        if known.iter().any(|known| known == name) {
            return;
        }

        known.push(name.to_owned());
        for message in self.messages_in_acts().filter(|one| one.name == name) {
            found.add_certain(depth, self.problem_of_message(message));
        }

        let producers = self.producers_of(name);
        // Who says nothing of what he raises or issues may have been meant to; that the handler of an
        // aggregate raises its events is no guess.
        let owner = self.aggregate_of_event(name).map(|owner| owner.category);
        let doubt_of = |handler: &str| {
            let decides = self
                .wiring
                .commands
                .iter()
                .any(|one| one.handler == handler && Some(one.category) == owner);

            if decides || !self.declares_nothing(handler) {
                0
            } else {
                GUESS_DISTANCE
            }
        };

        for (handler, trigger) in &producers {
            let doubt = doubt_of(handler);
            let mut came: Vec<_> = self.stored_messages(trigger).collect();

            if came.is_empty() {
                self.trace_producers((trigger, id), depth + 1 + doubt, known, found);
            }

            // Where one of them is about it, the others are not.
            if let Some(id) = id
                && came.iter().any(|message| message.is_about(id))
            {
                came.retain(|message| message.is_about(id));
            }

            for message in came {
                let handlings = self.calls_of(message);
                let own = handlings.filter(|one| one.handler == *handler);
                // What was let go because it had been handled says nothing of how it was handled.
                let is_first =
                    |one: &&IndexedCall<'r>| one.outcome != Some(&HandlerOutcome::Deduplicated);
                let Some(last) = own.filter(is_first).last() else {
                    found.add_certain(depth, self.delivery_problem(handler, message));
                    continue;
                };

                let caused = self.caused_names(last);
                match self.problem_of_call(last) {
                    Some(trouble) => found.add_certain(depth, Some(trouble)),
                    None if caused.iter().any(|caused| caused == name) => {}
                    None => {
                        // One that went another way is less suspicious than one that did nothing.
                        let distance = doubt + depth + 10 * usize::from(!caused.is_empty());
                        let nothing = || Cause::NotRaised {
                            at: self.handler_call(last),
                            wanted: name.to_owned(),
                            is_command: self.is_command(name),
                            changed: changed_aggregate(last).filter(|_| caused.is_empty()),
                            instead: caused,
                        };
                        let verdict = self.wrong_key(last).unwrap_or_else(nothing);

                        found.add_inferred(distance, Some(verdict));
                    }
                }
            }
        }

        let comes_from_outside = self
            .messages
            .iter()
            .any(|one| one.name == name && one.produced_by.is_none());

        if producers.is_empty() && !comes_from_outside {
            self.add_unreached_producers(name, depth, found);
            found.add_inferred(GUESS_DISTANCE + depth, self.no_producer(name));
            if self.may_come_from_outside(name) {
                let message = name.to_owned();
                found.add_inferred(
                    NEVER_SENT_DISTANCE + depth,
                    Some(Cause::NeverSent { message }),
                );
            }
        }
    }

    fn may_come_from_outside(&self, name: &str) -> bool {
        let mut outside = self.wiring.events_from_outside.iter();
        let is_new = self.messages.iter().all(|one| one.name != name);
        is_new && (self.is_command(name) || outside.any(|event| event == name))
    }

    /// The aggregate whose event it is.
    fn aggregate_of_event(&self, event: &str) -> Option<&'r AggregateWiring> {
        self.wiring
            .aggregates
            .iter()
            .find(|one| one.events.iter().any(|own| own == event))
    }

    fn is_command(&self, name: &str) -> bool {
        self.wiring
            .aggregates
            .iter()
            .any(|one| one.commands.iter().any(|command| command == name))
    }

    /// The messages of this name that came in the acts, and stayed.
    fn stored_messages<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a IndexedMessage<'r>> {
        self.messages_in_acts()
            .filter(move |message| message.name == name && message.stored_at.is_some())
    }

    /// What became of a message, if nothing came of it.
    pub(super) fn problem_of_message(&self, message: &IndexedMessage<'r>) -> Option<Cause> {
        let by = self.producer_of(message);
        let filtered = |reason: &str| {
            by.map(|by| Cause::Filtered {
                at: self.handler_call(by),
                reason: format!("{} {reason}", message.name),
            })
        };

        if message.stored_at.is_none() {
            return by.and_then(|by| self.problem_of_call(by));
        }

        if message.is_cancelled {
            return filtered("was cancelled");
        }

        if message.has_no_subscriber && !message.is_event() {
            return Some(self.no_handler(message));
        }

        if message.is_expired || self.calls_of(message).next().is_some() {
            return message
                .is_expired
                .then(|| filtered("came after its deadline"))?;
        }

        match message.due {
            Some(due) if self.end_time() < due => Some(Cause::Scheduled {
                command: message.name.clone(),
                due,
                entry: message.entry,
            }),
            _ if !message.is_event() && message.is_async() => Some(Cause::Pending {
                message: message.name.clone(),
                waits_for: "to be published and handled".to_owned(),
                entry: Some(message.entry),
            }),
            _ => None,
        }
    }

    /// The time at which the record ends.
    fn end_time(&self) -> Timestamp {
        let last = self.record.entries().last();
        last.map_or(Timestamp::default(), |last| last.time)
    }

    /// Who says that he raises or issues it, and on what; or else who may do so without saying it.
    fn producers_of(&self, name: &str) -> Vec<(&'static str, String)> {
        let names = |declared: &[String]| declared.iter().any(|one| one == name);
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let deciding = commands
            .clone()
            .filter(|one| names(&one.raises) || names(&one.issues))
            .map(|one| (one.handler, one.command.clone()));
        let reacting = subscriptions
            .clone()
            .filter(|one| names(&one.raises) || names(&one.issues))
            .map(|one| (one.handler, one.event.clone()));
        let declared: Vec<_> = deciding.chain(reacting).collect();

        if !declared.is_empty() {
            return declared;
        }

        if self
            .wiring
            .events_from_outside
            .iter()
            .any(|one| one == name)
        {
            return Vec::new();
        }

        let owner = self.aggregate_of_event(name);
        let deciding = commands
            .filter(|one| owner.is_none_or(|owner| owner.category == one.category))
            .map(|one| (one.handler, one.command.clone()));
        let reacting = subscriptions
            .filter(|one| one.kind != HandlerKind::Projector)
            .map(|one| (one.handler, one.event.clone()));

        deciding
            .chain(reacting)
            .filter(|(handler, _)| self.declares_nothing(handler))
            .collect()
    }

    /// Whether none of the routes of a handler says what it raises or issues.
    fn declares_nothing(&self, handler: &str) -> bool {
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let said = commands
            .map(|one| (one.handler, &one.raises, &one.issues))
            .chain(subscriptions.map(|one| (one.handler, &one.raises, &one.issues)));
        said.filter(|(by, ..)| *by == handler)
            .all(|(_, raises, issues)| raises.is_empty() && issues.is_empty())
    }

    /// Nobody is known to raise it: perhaps one who raises other events of the aggregate is not told of
    /// an event that came.
    fn add_unreached_producers(&self, name: &str, depth: usize, found: &mut Candidates) {
        let Some(owner) = self.wiring.aggregates.iter().find(|one| {
            let mut own = one.events.iter().chain(&one.commands);
            own.any(|own| own == name)
        }) else {
            return;
        };

        let unhandled = self.messages_in_acts().filter(|message| {
            message.has_no_subscriber && !message.is_event() && message.category() == owner.category
        });
        for command in unhandled {
            found.add_certain(depth, Some(self.no_handler(command)));
        }

        let is_own = |one: &String| owner.events.contains(one) || owner.commands.contains(one);
        let subscriptions = self.wiring.subscriptions.iter();
        let relatives =
            subscriptions.filter(|one| one.raises.iter().chain(&one.issues).any(is_own));

        for relative in relatives {
            let events = self.messages_in_acts().filter(|message| {
                message.is_event()
                    && message.stored_at.is_some()
                    && self.reads_category(relative.handler, message.category())
                    && !self.is_subscribed(relative.handler, message)
            });

            for event in events {
                found.add_inferred(
                    GUESS_DISTANCE + depth,
                    self.delivery_problem(relative.handler, event),
                );
            }
        }
    }

    pub(super) fn is_subscribed(&self, handler: &str, event: &IndexedMessage<'_>) -> bool {
        self.wiring.subscriptions.iter().any(|edge| {
            (edge.handler, edge.category) == (handler, event.category()) && edge.event == event.name
        })
    }

    /// Why a message did not reach a handler.
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

        let mut waiting = self.remaining.backlogs.iter();
        let waits_for = match waiting.find(|one| *one.subscription == *handler) {
            Some(one) => match one.paused_until {
                Some(until) => format!("for {handler}, which pauses until {until}"),
                None => format!("for {handler}"),
            },
            None if 0 < self.remaining.outbox => "to be published".to_owned(),
            None => return self.problem_of_message(message),
        };

        Some(Cause::Pending {
            message: message.name.clone(),
            waits_for,
            entry: Some(message.entry),
        })
    }

    /// An event that was raised, and of which this handler, or nobody at all, is told.
    pub(super) fn no_subscriber(
        &self,
        message: &IndexedMessage<'r>,
        handler: Option<&'static str>,
    ) -> Cause {
        Cause::NoSubscriber {
            event: message.name.clone(),
            handler,
            near_miss: self
                .is_unsubscribed(message)
                .then(|| self.near_miss(message))
                .flatten(),
            entry: message.stored_at.unwrap_or(message.entry),
        }
    }

    /// An event that a handler is not told of which is told of all others of the same aggregate.
    pub(super) fn omitted_subscription(&self, event: &IndexedMessage<'r>) -> Option<Cause> {
        if !event.is_event() || event.stored_at.is_none() {
            return None;
        }

        let own = self
            .wiring
            .aggregates
            .iter()
            .find(|one| one.category == event.category())?;
        let others = || own.events.iter().filter(|other| **other != event.name);

        // One that takes two of three may well not want the third.
        if others().count() < 3 {
            return None;
        }

        let edges = || self.wiring.subscriptions.iter();
        let handles = |handler: &str, name: &str| {
            edges().any(|edge| {
                (edge.handler, edge.category) == (handler, own.category) && edge.event == *name
            })
        };

        let found = edges()
            .filter(|edge| edge.kind != HandlerKind::Projector)
            .find(|edge| {
                !handles(edge.handler, &event.name)
                    && others().all(|name| handles(edge.handler, name))
            })?;

        Some(self.no_subscriber(event, Some(found.handler)))
    }

    /// Whether the events of this category make an aggregate by themselves.
    fn is_event_sourced(&self, category: &str) -> bool {
        self.wiring
            .aggregates
            .iter()
            .any(|one| one.category == category && one.event_sourced)
    }

    /// An event of an aggregate whose handler is not there, where handlers say what they raise.
    fn no_producer(&self, name: &str) -> Option<Cause> {
        let owner = self.aggregate_of_event(name)?;
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let mut raises = commands
            .map(|one| &one.raises)
            .chain(subscriptions.map(|one| &one.raises));
        let says_anything = raises.any(|raises| !raises.is_empty());
        let is_given = self.messages.iter().any(|one| one.name == name);

        (says_anything && !is_given).then(|| Cause::NoProducer {
            event: name.to_owned(),
            aggregate: owner.name,
        })
    }

    /// Whether nobody at all handles an event.
    pub(super) fn is_unsubscribed(&self, message: &IndexedMessage<'r>) -> bool {
        self.wiring
            .subscriptions
            .iter()
            .all(|edge| edge.event != message.name || edge.category != message.category())
    }

    /// A handler that wants an event that is nearly the same.
    fn near_miss(&self, message: &IndexedMessage<'r>) -> Option<NearMiss> {
        let edges = || self.wiring.subscriptions.iter();
        let base = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let category = message.category();
        let same_name =
            edges().find(|edge| edge.event == message.name && edge.category != category);

        if let Some(edge) = same_name {
            return Some(NearMiss::Category {
                handler: edge.handler,
                wanted: edge.category,
                found: category.to_owned(),
            });
        }

        let other_version = edges()
            .find(|edge| edge.event != message.name && base(&edge.event) == base(&message.name));
        if let Some(edge) = other_version {
            return Some(NearMiss::Version {
                handler: edge.handler,
                wanted: edge.event.clone(),
            });
        }

        let never_came = edges().filter(|edge| self.stored_messages(&edge.event).next().is_none());
        let wanted = nearest(&message.name, never_came.map(|edge| edge.event.as_str()))?;
        let edge = edges().find(|edge| edge.event == wanted)?;

        Some(NearMiss::Name {
            handler: edge.handler,
            wanted: wanted.to_owned(),
        })
    }
}

/// The aggregate that a handling changed, in words.
fn changed_aggregate(handling: &IndexedCall<'_>) -> Option<String> {
    let written = handling
        .writes
        .iter()
        .find(|one| one.table.kind == TableKind::Aggregate)?;
    Some(format!("{} {:?}", written.table.name, written.id))
}

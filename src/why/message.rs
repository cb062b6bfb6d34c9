use flow_domain::{
    clock::Timestamp,
    record::{Ended, HandlerKind, TableKind},
    wiring::{AggregateWiring, nearest},
};

use crate::why::{
    NearMiss, Verdict,
    facts::{Facts, Handling, Message},
    found::{Found, GUESS},
};

/// Farther than anything that happened: what did not happen at all is told last.
const FAR: usize = 1_000;

/// Why a message did not come.
impl<'r> Facts<'r> {
    /// Walks back from a message that did not come to what did happen, and tells where it stopped.
    pub(super) fn no_message(&self, name: &str) -> Found {
        self.no_message_about(name, None)
    }

    /// The same for one that is about the thing with this id.
    pub(super) fn no_message_about(&self, name: &str, id: Option<&str>) -> Found {
        let mut found = Found::default();
        for event in self.acted_messages().filter(|one| one.name != name) {
            found.add(GUESS, self.left_out(event));
        }
        self.walk_back((name, id), 0, &mut Vec::new(), &mut found);
        // An event that nobody handles may be the one on which it would have come.
        let producers = self.producers_of(name);
        let unheard = self.acted_messages().filter(|one| {
            one.is_event() && one.kept.is_some() && one.name != name && self.is_unheard(one)
        });
        for event in unheard {
            let mut handlers = producers.iter().map(|(handler, _)| *handler);
            let reader = handlers.find(|handler| self.reads(handler, event.category()));
            // An aggregate is folded from its events by itself: nobody need be told of them.
            if reader.is_some() || !self.is_folded(event.category()) {
                found.add(GUESS, Some(self.not_told(event, reader)));
            }
        }
        found
    }

    fn walk_back(
        &self,
        (name, id): (&str, Option<&str>),
        depth: usize,
        known: &mut Vec<String>,
        found: &mut Found,
    ) {
        if known.iter().any(|known| known == name) {
            return;
        }
        known.push(name.to_owned());
        for message in self.acted_messages().filter(|one| one.name == name) {
            found.add_sure(depth, self.fate_of(message));
        }
        let producers = self.producers_of(name);
        // Who says nothing of what he raises or issues may have been meant to; that the handler of an
        // aggregate raises its events is no guess.
        let owner = self.owner_of(name).map(|owner| owner.category);
        let doubt_of = |handler: &str| {
            let mut deciding = self.wiring.commands.iter();
            let decides = deciding.any(|one| one.handler == handler && Some(one.category) == owner);
            if decides || !self.says_nothing(handler) {
                0
            } else {
                GUESS
            }
        };
        for (handler, trigger) in &producers {
            let doubt = doubt_of(handler);
            let mut came: Vec<_> = self.came(trigger).collect();
            if came.is_empty() {
                self.walk_back((trigger, id), depth + 1 + doubt, known, found);
            }
            // Where one of them is about it, the others are not.
            if let Some(id) = id
                && came.iter().any(|message| message.is_about(id))
            {
                came.retain(|message| message.is_about(id));
            }
            for message in came {
                let handlings = self.handlings_of(message);
                let own = handlings.filter(|one| one.handler == *handler);
                // What was let go because it had been handled says nothing of how it was handled.
                let is_first = |one: &&Handling<'r>| one.ended != Some(&Ended::Deduplicated);
                let Some(last) = own.filter(is_first).last() else {
                    found.add_sure(depth, self.not_delivered(handler, message));
                    continue;
                };
                let caused = self.caused_by(last);
                match self.trouble_of(last) {
                    Some(trouble) => found.add_sure(depth, Some(trouble)),
                    None if caused.iter().any(|caused| caused == name) => {}
                    None => {
                        // One that went another way is less suspicious than one that did nothing.
                        let distance = doubt + depth + 10 * usize::from(!caused.is_empty());
                        let nothing = || Verdict::RaisedNothing {
                            at: self.place(last),
                            wanted: name.to_owned(),
                            is_command: self.is_command(name),
                            changed: changed(last).filter(|_| caused.is_empty()),
                            instead: caused,
                        };
                        let verdict = self.wrong_key(last).unwrap_or_else(nothing);
                        found.add(distance, Some(verdict));
                    }
                }
            }
        }
        let mut all = self.messages.iter();
        let comes_from_outside = all.any(|one| one.name == name && one.by.is_none());
        if producers.is_empty() && !comes_from_outside {
            self.nobody_raises(name, depth, found);
            found.add(GUESS + depth, self.without_a_source(name));
            if self.may_come_from_outside(name) {
                let message = name.to_owned();
                found.add(FAR + depth, Some(Verdict::NeverCame { message }));
            }
        }
    }

    fn may_come_from_outside(&self, name: &str) -> bool {
        let mut outside = self.wiring.events_from_outside.iter();
        let is_new = self.messages.iter().all(|one| one.name != name);
        is_new && (self.is_command(name) || outside.any(|event| event == name))
    }

    /// The aggregate whose event it is.
    fn owner_of(&self, event: &str) -> Option<&'r AggregateWiring> {
        let mut aggregates = self.wiring.aggregates.iter();
        aggregates.find(|one| one.events.iter().any(|own| own == event))
    }

    fn is_command(&self, name: &str) -> bool {
        let mut aggregates = self.wiring.aggregates.iter();
        aggregates.any(|one| one.commands.iter().any(|command| command == name))
    }

    /// The messages of this name that came in the acts, and stayed.
    fn came<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Message<'r>> {
        self.acted_messages()
            .filter(move |message| message.name == name && message.kept.is_some())
    }

    /// What became of a message, if nothing came of it.
    pub(super) fn fate_of(&self, message: &Message<'r>) -> Option<Verdict> {
        let by = self.handling_of(message);
        let filtered = |reason: &str| {
            by.map(|by| Verdict::Filtered {
                at: self.place(by),
                reason: format!("{} {reason}", message.name),
            })
        };
        if message.kept.is_none() {
            return by.and_then(|by| self.trouble_of(by));
        }
        if message.is_cancelled {
            return filtered("was cancelled");
        }
        if message.has_no_subscriber && !message.is_event() {
            return Some(self.no_handler(message));
        }
        if message.is_expired || self.handlings_of(message).next().is_some() {
            return message
                .is_expired
                .then(|| filtered("came after its deadline"))?;
        }
        match message.due {
            Some(due) if self.now() < due => Some(Verdict::Scheduled {
                command: message.name.clone(),
                due,
                entry: message.entry,
            }),
            _ if !message.is_event() && message.is_handled_later() => Some(Verdict::Waits {
                message: message.name.clone(),
                waits_for: "to be published and handled".to_owned(),
                entry: Some(message.entry),
            }),
            _ => None,
        }
    }

    /// The time at which the record ends.
    fn now(&self) -> Timestamp {
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
        let owner = self.owner_of(name);
        let deciding = commands
            .filter(|one| owner.is_none_or(|owner| owner.category == one.category))
            .map(|one| (one.handler, one.command.clone()));
        let reacting = subscriptions
            .filter(|one| one.kind != HandlerKind::Projector)
            .map(|one| (one.handler, one.event.clone()));
        let all = deciding.chain(reacting);
        all.filter(|(handler, _)| self.says_nothing(handler))
            .collect()
    }

    /// Whether none of the routes of a handler says what it raises or issues.
    fn says_nothing(&self, handler: &str) -> bool {
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let said = commands
            .map(|one| (one.handler, &one.raises, &one.issues))
            .chain(subscriptions.map(|one| (one.handler, &one.raises, &one.issues)));
        let mut own = said.filter(|(by, ..)| *by == handler);
        own.all(|(_, raises, issues)| raises.is_empty() && issues.is_empty())
    }

    /// Nobody is known to raise it: perhaps one who raises other events of the aggregate is not told of
    /// an event that came.
    fn nobody_raises(&self, name: &str, depth: usize, found: &mut Found) {
        let mut aggregates = self.wiring.aggregates.iter();
        let Some(owner) = aggregates.find(|one| {
            let mut own = one.events.iter().chain(&one.commands);
            own.any(|own| own == name)
        }) else {
            return;
        };
        let unhandled = self.acted_messages().filter(|message| {
            message.has_no_subscriber && !message.is_event() && message.category() == owner.category
        });
        for command in unhandled {
            found.add_sure(depth, Some(self.no_handler(command)));
        }
        let is_own = |one: &String| owner.events.contains(one) || owner.commands.contains(one);
        let subscriptions = self.wiring.subscriptions.iter();
        let relatives =
            subscriptions.filter(|one| one.raises.iter().chain(&one.issues).any(is_own));
        for relative in relatives {
            let events = self.acted_messages().filter(|message| {
                message.is_event()
                    && message.kept.is_some()
                    && self.reads(relative.handler, message.category())
                    && !self.is_subscribed(relative.handler, message)
            });
            for event in events {
                found.add(GUESS + depth, self.not_delivered(relative.handler, event));
            }
        }
    }

    pub(super) fn is_subscribed(&self, handler: &str, event: &Message<'_>) -> bool {
        let mut edges = self.wiring.subscriptions.iter();
        edges.any(|edge| {
            (edge.handler, edge.category) == (handler, event.category()) && edge.event == event.name
        })
    }

    /// Why a message did not reach a handler.
    pub(super) fn not_delivered(
        &self,
        handler: &'static str,
        message: &Message<'r>,
    ) -> Option<Verdict> {
        if message.is_event() && !self.is_subscribed(handler, message) {
            return Some(self.not_told(message, Some(handler)));
        }
        if message.has_no_subscriber && !message.is_event() {
            return Some(self.no_handler(message));
        }
        let mut waiting = self.left.waiting.iter();
        let waits_for = match waiting.find(|one| *one.subscription == *handler) {
            Some(one) => match one.paused_until {
                Some(until) => format!("for {handler}, which pauses until {until}"),
                None => format!("for {handler}"),
            },
            None if 0 < self.left.outbox => "to be published".to_owned(),
            None => return self.fate_of(message),
        };
        Some(Verdict::Waits {
            message: message.name.clone(),
            waits_for,
            entry: Some(message.entry),
        })
    }

    /// An event that was raised, and of which this handler, or nobody at all, is told.
    pub(super) fn not_told(&self, message: &Message<'r>, handler: Option<&'static str>) -> Verdict {
        Verdict::NoSubscriber {
            event: message.name.clone(),
            handler,
            near: self
                .is_unheard(message)
                .then(|| self.near_miss(message))
                .flatten(),
            entry: message.kept.unwrap_or(message.entry),
        }
    }

    /// An event that a handler is not told of which is told of all others of the same aggregate.
    pub(super) fn left_out(&self, event: &Message<'r>) -> Option<Verdict> {
        if !event.is_event() || event.kept.is_none() {
            return None;
        }
        let mut aggregates = self.wiring.aggregates.iter();
        let own = aggregates.find(|one| one.category == event.category())?;
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
        let mut handlers = edges().filter(|edge| edge.kind != HandlerKind::Projector);
        let found = handlers.find(|edge| {
            !handles(edge.handler, &event.name) && others().all(|name| handles(edge.handler, name))
        })?;
        Some(self.not_told(event, Some(found.handler)))
    }

    /// Whether the events of this category make an aggregate by themselves.
    fn is_folded(&self, category: &str) -> bool {
        let mut aggregates = self.wiring.aggregates.iter();
        aggregates.any(|one| one.category == category && one.event_sourced)
    }

    /// An event of an aggregate whose handler is not there, where handlers say what they raise.
    fn without_a_source(&self, name: &str) -> Option<Verdict> {
        let owner = self.owner_of(name)?;
        let commands = self.wiring.commands.iter();
        let subscriptions = self.wiring.subscriptions.iter();
        let mut raises = commands
            .map(|one| &one.raises)
            .chain(subscriptions.map(|one| &one.raises));
        let says_anything = raises.any(|raises| !raises.is_empty());
        let is_given = self.messages.iter().any(|one| one.name == name);
        (says_anything && !is_given).then(|| Verdict::NobodyRaises {
            event: name.to_owned(),
            aggregate: owner.name,
        })
    }

    /// Whether nobody at all handles an event.
    pub(super) fn is_unheard(&self, message: &Message<'r>) -> bool {
        let mut edges = self.wiring.subscriptions.iter();
        edges.all(|edge| edge.event != message.name || edge.category != message.category())
    }

    /// A handler that wants an event that is nearly the same.
    fn near_miss(&self, message: &Message<'r>) -> Option<NearMiss> {
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
        let never_came = edges().filter(|edge| self.came(&edge.event).next().is_none());
        let wanted = nearest(&message.name, never_came.map(|edge| edge.event.as_str()))?;
        let edge = edges().find(|edge| edge.event == wanted)?;
        Some(NearMiss::Name {
            handler: edge.handler,
            wanted: wanted.to_owned(),
        })
    }
}

/// The aggregate that a handling changed, in words.
fn changed(handling: &Handling<'_>) -> Option<String> {
    let mut writes = handling.writes.iter();
    let written = writes.find(|one| one.table.kind == TableKind::Aggregate)?;
    Some(format!("{} {:?}", written.table.name, written.id))
}

use flow_domain::record::{HandlerOutcome, TableKind};

use crate::diagnosis::{
    Cause,
    candidates::{Candidates, GUESS_DISTANCE},
    causal_index::{CausalIndex, IndexedCall},
    indexed_message::IndexedMessage,
    producers::Producer,
};

/// The distance of a message that was never sent. It ranks after everything that did happen.
const NEVER_SENT_DISTANCE: usize = 1_000;

/// The extra distance of a call that raised other messages than the missing one.
///
/// Such a call is less suspicious than a call that raised nothing.
const OTHER_MESSAGE_DISTANCE: usize = 10;

/// The state of a search from a missing message back to its producers.
struct ProducerTrace<'a> {
    /// The id that the missing message is about, if it is known.
    id: Option<&'a str>,
    /// The names of the messages that the search has visited, so that it does not run in a cycle.
    visited: Vec<String>,
    candidates: Candidates,
}

/// Why a message is missing.
impl<'r> CausalIndex<'r> {
    /// Searches from a missing message back to the last messages that were sent.
    pub(super) fn missing_message(&self, name: &str) -> Candidates {
        self.missing_message_about(name, None)
    }

    /// Does the same as `missing_message`, for a message about this id.
    pub(super) fn missing_message_about(&self, name: &str, id: Option<&str>) -> Candidates {
        let mut trace = ProducerTrace {
            id,
            visited: Vec::new(),
            candidates: Candidates::default(),
        };

        for event in self.other_messages(name) {
            let omitted = self.omitted_subscription(event);
            trace.candidates.add_inferred(GUESS_DISTANCE, omitted);
        }

        self.trace_producers(&mut trace, name, 0);
        self.add_unsubscribed_events(&mut trace.candidates, name);

        trace.candidates
    }

    /// Returns the messages of the acts whose name is not `name`.
    fn other_messages<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a IndexedMessage<'r>> {
        self.messages_in_acts()
            .filter(move |message| message.name != name)
    }

    /// Adds the events that no handler subscribes to: one of them may be the missing trigger.
    fn add_unsubscribed_events(&self, candidates: &mut Candidates, name: &str) {
        let producers = self.producers_of(name);
        let unsubscribed = self
            .other_messages(name)
            .filter(|event| event.is_event() && event.is_stored() && self.is_unsubscribed(event));

        for event in unsubscribed {
            let reader = producers
                .iter()
                .map(|producer| producer.handler)
                .find(|handler| self.reads_category(handler, event.category()));

            // An event-sourced aggregate needs no subscribers: it is folded from its events.
            if reader.is_some() || !self.is_event_sourced(event.category()) {
                candidates.add_inferred(GUESS_DISTANCE, Some(self.no_subscriber(event, reader)));
            }
        }
    }

    /// Adds the candidates for a missing message that is `depth` messages before the failed step.
    fn trace_producers(&self, trace: &mut ProducerTrace<'_>, name: &str, depth: usize) {
        if trace.visited.iter().any(|visited| visited == name) {
            return;
        }
        trace.visited.push(name.to_owned());

        for message in self
            .messages_in_acts()
            .filter(|message| message.name == name)
        {
            let problem = self.problem_of_message(message);
            trace.candidates.add_certain(depth, problem);
        }

        let producers = self.producers_of(name);
        for producer in &producers {
            self.trace_producer(trace, producer, name, depth);
        }

        let comes_from_outside = self
            .messages
            .iter()
            .any(|message| message.name == name && message.produced_by.is_none());
        if producers.is_empty() && !comes_from_outside {
            self.add_unproduced(&mut trace.candidates, name, depth);
        }
    }

    /// Adds the candidates for one producer of a missing message.
    fn trace_producer(
        &self,
        trace: &mut ProducerTrace<'_>,
        producer: &Producer,
        name: &str,
        depth: usize,
    ) {
        let doubt = self.doubt_of(producer.handler, name);
        let mut triggers: Vec<_> = self.stored_messages(&producer.trigger).collect();

        if triggers.is_empty() {
            self.trace_producers(trace, &producer.trigger, depth + 1 + doubt);
        }

        // If one of the triggers is about the id, the others do not matter.
        if let Some(id) = trace.id
            && triggers.iter().any(|trigger| trigger.is_about(id))
        {
            triggers.retain(|trigger| trigger.is_about(id));
        }

        for trigger in triggers {
            let Some(call) = self.last_effective_call(producer.handler, trigger) else {
                let problem = self.delivery_problem(producer.handler, trigger);
                trace.candidates.add_certain(depth, problem);
                continue;
            };

            if let Some(problem) = self.problem_of_call(call) {
                trace.candidates.add_certain(depth, Some(problem));
                continue;
            }

            let caused_names = self.caused_names(call);
            if caused_names.iter().all(|caused| caused != name) {
                let mut distance = depth + doubt;
                if !caused_names.is_empty() {
                    distance += OTHER_MESSAGE_DISTANCE;
                }

                let cause = self.not_raised(call, name, caused_names);
                trace.candidates.add_inferred(distance, Some(cause));
            }
        }
    }

    /// Returns the distance that is added because a handler may not be a producer of the message.
    ///
    /// A handler that declares nothing is only a possible producer. But a command handler of the
    /// aggregate that owns the event surely is one.
    fn doubt_of(&self, handler: &str, name: &str) -> usize {
        let owner = self
            .aggregate_of_event(name)
            .map(|aggregate| aggregate.category);
        let is_command_handler_of_owner = self
            .wiring
            .commands
            .iter()
            .any(|route| route.handler == handler && Some(route.category) == owner);

        if is_command_handler_of_owner || !self.declares_nothing(handler) {
            0
        } else {
            GUESS_DISTANCE
        }
    }

    /// Returns the last call of a handler with a message, except calls that skipped a duplicate.
    ///
    /// A skipped duplicate does not say how the message was handled before.
    fn last_effective_call(
        &self,
        handler: &str,
        message: &IndexedMessage<'r>,
    ) -> Option<&IndexedCall<'r>> {
        self.calls_of(message)
            .filter(|call| call.handler == handler)
            .filter(|call| call.outcome != Some(&HandlerOutcome::Deduplicated))
            .last()
    }

    /// Returns why a call did not raise or issue a message, but the messages `instead`.
    fn not_raised(&self, call: &IndexedCall<'r>, name: &str, instead: Vec<String>) -> Cause {
        self.wrong_key(call).unwrap_or_else(|| Cause::NotRaised {
            at: self.handler_call(call),
            wanted: vec![name.to_owned()],
            is_command: self.is_command(name),
            changed: changed_aggregate(call).filter(|_| instead.is_empty()),
            instead,
        })
    }

    /// Adds the candidates for a message that has no producer and never came from outside.
    fn add_unproduced(&self, candidates: &mut Candidates, name: &str, depth: usize) {
        self.add_unreached_producers(candidates, name, depth);
        candidates.add_inferred(GUESS_DISTANCE + depth, self.no_producer(name));

        if self.may_come_from_outside(name) {
            let never_sent = Cause::NeverSent {
                message: name.to_owned(),
                is_command: self.is_command(name),
            };
            candidates.add_inferred(NEVER_SENT_DISTANCE + depth, Some(never_sent));
        }
    }

    /// Adds the handlers of the same aggregate that a command or an event did not reach.
    ///
    /// No handler declares the message. But a handler that raises other events of the aggregate
    /// may be meant to raise this one, too.
    fn add_unreached_producers(&self, candidates: &mut Candidates, name: &str, depth: usize) {
        let Some(owner) = self.wiring.aggregates.iter().find(|aggregate| {
            let mut names = aggregate.events.iter().chain(&aggregate.commands);
            names.any(|own| own == name)
        }) else {
            return;
        };

        let unhandled = self.messages_in_acts().filter(|message| {
            message.has_no_subscriber && !message.is_event() && message.category() == owner.category
        });
        for command in unhandled {
            candidates.add_certain(depth, Some(self.no_handler(command)));
        }

        let is_owned = |name: &String| owner.events.contains(name) || owner.commands.contains(name);
        let related_routes = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| route.raises.iter().chain(&route.issues).any(is_owned));

        for route in related_routes {
            let unread = self.messages_in_acts().filter(|event| {
                event.is_event()
                    && event.is_stored()
                    && self.reads_category(route.handler, event.category())
                    && !self.is_subscribed(route.handler, event)
            });

            for event in unread {
                let problem = self.delivery_problem(route.handler, event);
                candidates.add_inferred(GUESS_DISTANCE + depth, problem);
            }
        }
    }

    /// Returns the messages of this name that were stored in the acts.
    pub(super) fn stored_messages<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a IndexedMessage<'r>> {
        self.messages_in_acts()
            .filter(move |message| message.name == name && message.is_stored())
    }
}

/// Returns the aggregate that a call changed: `Order "ord-1"`.
fn changed_aggregate(call: &IndexedCall<'_>) -> Option<String> {
    let change = call
        .writes
        .iter()
        .find(|change| change.table.kind == TableKind::Aggregate)?;

    Some(format!("{} {:?}", change.table.name, change.id))
}

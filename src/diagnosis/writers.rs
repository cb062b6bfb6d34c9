use std::collections::{BTreeMap, BTreeSet};

use flow_domain::record::{EntryId, HandlerOutcome, TableKind};

use crate::{
    diagnosis::{
        Cause,
        candidates::merge,
        causal_index::{CausalIndex, IndexedCall},
        indexed_message::IndexedMessage,
    },
    expect::StateSubject,
};

/// A route of a handler that writes a state.
#[derive(Debug)]
pub(super) struct WriterRoute {
    pub(super) handler: &'static str,
    /// The name of the message that the handler handles.
    pub(super) message: String,
    /// The category of the message.
    category: &'static str,
}

impl WriterRoute {
    fn new(handler: &'static str, message: &str, category: &'static str) -> Self {
        Self {
            handler,
            message: message.to_owned(),
            category,
        }
    }

    /// Returns true if the route is for this message.
    pub(super) fn matches(&self, message: &IndexedMessage<'_>) -> bool {
        message.name == self.message && message.category() == self.category
    }
}

/// The handlers that write a state, and what went wrong in them.
impl CausalIndex<'_> {
    /// Returns the routes of the handlers that write a state, according to the wiring.
    pub(super) fn writers_of(&self, subject: &StateSubject) -> Vec<WriterRoute> {
        let name = subject.state_type.name;
        let subscriptions = self.wiring.subscriptions.iter();

        match subject.state_type.kind {
            TableKind::Aggregate => self.writers_of_aggregate(name),
            TableKind::ProcessManager => subscriptions
                .filter(|route| route.handler == name)
                .map(|route| WriterRoute::new(route.handler, &route.event, route.category))
                .collect(),
            _ => subscriptions
                .filter(|route| route.projection == Some(name))
                .map(|route| WriterRoute::new(route.handler, &route.event, route.category))
                .collect(),
        }
    }

    /// Returns the routes of the handlers that write an aggregate.
    ///
    /// They are its command handlers, and the event handlers that raise its events.
    fn writers_of_aggregate(&self, name: &str) -> Vec<WriterRoute> {
        let Some(aggregate) = self.aggregate(name) else {
            return Vec::new();
        };

        let command_routes = self
            .wiring
            .commands
            .iter()
            .filter(|route| route.category == aggregate.category)
            .map(|route| WriterRoute::new(route.handler, &route.command, route.category));
        let event_routes = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| {
                route
                    .raises
                    .iter()
                    .any(|event| aggregate.events.contains(event))
            })
            .map(|route| WriterRoute::new(route.handler, &route.event, route.category));

        command_routes.chain(event_routes).collect()
    }

    /// Returns true if a call wrote a state of this type, or should have written one.
    pub(super) fn is_writer(&self, call: &IndexedCall<'_>, subject: &StateSubject) -> bool {
        let table = subject.table();
        let has_written = call.writes.iter().any(|change| change.table == table);
        let message = self.message_of(call);

        has_written
            || self.writers_of(subject).iter().any(|route| {
                route.handler == call.handler
                    && message.is_some_and(|message| route.matches(message))
            })
    }

    /// Returns true if the message of a call is about the id of the subject.
    ///
    /// Without an id, each call is about the subject.
    pub(super) fn is_call_about(&self, call: &IndexedCall<'_>, subject: &StateSubject) -> bool {
        let Some(id) = &subject.id else { return true };

        self.message_of(call)
            .is_some_and(|message| message.is_about(id))
    }

    /// Returns what went wrong in the calls of the writers, and which messages did not reach them.
    ///
    /// The second list has the commands that are scheduled for later. They are on time, so they are
    /// less suspicious.
    pub(super) fn writer_problems(&self, subject: &StateSubject) -> (Vec<Cause>, Vec<Cause>) {
        let mut causes: Vec<Cause> = self
            .calls_in_acts()
            .rev()
            .filter(|call| self.is_writer(call, subject) && self.is_call_about(call, subject))
            .filter(|call| {
                self.is_last_attempt(call) && call.outcome != Some(&HandlerOutcome::Deduplicated)
            })
            .filter_map(|call| self.problem_of_call(call))
            .collect();

        for route in self.writers_of(subject) {
            let undelivered = self.messages_in_acts().filter(|message| {
                route.matches(message)
                    && message.is_stored()
                    && message.is_about_subject(subject)
                    && !self.was_called_with(route.handler, message)
            });
            causes.extend(
                undelivered.filter_map(|message| self.delivery_problem(route.handler, message)),
            );
        }

        causes
            .into_iter()
            .partition(|cause| !matches!(cause, Cause::Scheduled { .. }))
    }

    /// Returns true if a handler was called with a message.
    pub(super) fn was_called_with(&self, handler: &str, message: &IndexedMessage<'_>) -> bool {
        self.calls_of(message).any(|call| call.handler == handler)
    }

    /// Returns true if no later attempt of the same delivery followed.
    ///
    /// A failure that a retry repaired is not a cause.
    pub(super) fn is_last_attempt(&self, call: &IndexedCall<'_>) -> bool {
        !self
            .attempts_of(call)
            .rev()
            .take_while(|other| call.started < other.started)
            .any(|other| other.outcome != Some(&HandlerOutcome::Deduplicated))
    }

    /// Returns why the messages that trigger the writers are missing.
    ///
    /// The first list has the likely causes, the second has the guesses.
    pub(super) fn missing_triggers(&self, subject: &StateSubject) -> (Vec<Cause>, Vec<Cause>) {
        let mut searches = Vec::new();
        for route in self.writers_of(subject) {
            let has_trigger = self
                .messages_in_acts()
                .any(|message| route.matches(message) && message.is_stored());

            if !has_trigger {
                searches.push(self.missing_message_about(&route.message, subject.id.as_deref()));
            }
        }

        let (likely, guesses) = merge(searches).into_likely_and_guesses();
        (self.join_not_raised(likely), self.join_not_raised(guesses))
    }

    /// Joins the causes that the same call did not raise different messages.
    ///
    /// The state may need any of these messages. If some were never sent before, the others are not
    /// missing: the state had them already.
    fn join_not_raised(&self, causes: Vec<Cause>) -> Vec<Cause> {
        let mut joined: Vec<Cause> = Vec::new();
        // The index of the cause of each call in `joined`. The key is the entry of the call.
        let mut idx_by_call: BTreeMap<EntryId, usize> = BTreeMap::new();
        for cause in causes {
            let Cause::NotRaised { at, wanted, .. } = &cause else {
                joined.push(cause);
                continue;
            };

            let idx = *idx_by_call.entry(at.entry).or_insert(joined.len());
            match joined.get_mut(idx) {
                Some(Cause::NotRaised { wanted: known, .. }) => known.extend_from_slice(wanted),
                _ => joined.push(cause),
            }
        }

        let sent: BTreeSet<&str> = self
            .messages
            .iter()
            .map(|message| message.name.as_str())
            .collect();
        for cause in &mut joined {
            if let Cause::NotRaised { wanted, .. } = cause {
                let is_new = |name: &String| !sent.contains(name.as_str());
                if wanted.iter().any(is_new) {
                    wanted.retain(is_new);
                }
            }
        }

        joined
    }
}

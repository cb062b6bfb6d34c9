use flow_domain::{record::HandlerKind, wiring::AggregateWiring};

use crate::diagnosis::{Cause, causal_index::CausalIndex};

/// A handler that raises or issues a message, and the message that triggers it.
pub(super) struct Producer {
    pub(super) handler: &'static str,
    /// The name of the triggering message.
    pub(super) trigger: String,
}

impl Producer {
    fn new(handler: &'static str, trigger: &str) -> Self {
        Self {
            handler,
            trigger: trigger.to_owned(),
        }
    }
}

/// Who raises or issues a message, according to the wiring.
impl<'r> CausalIndex<'r> {
    /// Returns the handlers that declare that they raise or issue a message.
    ///
    /// If there are none, it returns the handlers that declare nothing: each of them may raise or
    /// issue the message. But an event from outside needs no such handler.
    pub(super) fn producers_of(&self, name: &str) -> Vec<Producer> {
        let declared = self.declared_producers(name);
        let comes_from_outside = self
            .wiring
            .events_from_outside
            .iter()
            .any(|event| event == name);

        if !declared.is_empty() || comes_from_outside {
            return declared;
        }

        self.possible_producers(name)
    }

    fn declared_producers(&self, name: &str) -> Vec<Producer> {
        let contains_name = |declared: &[String]| declared.iter().any(|declared| declared == name);
        let command_routes = self
            .wiring
            .commands
            .iter()
            .filter(|route| contains_name(&route.raises) || contains_name(&route.issues))
            .map(|route| Producer::new(route.handler, &route.command));
        let event_routes = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| contains_name(&route.raises) || contains_name(&route.issues))
            .map(|route| Producer::new(route.handler, &route.event));

        command_routes.chain(event_routes).collect()
    }

    /// Returns the names of the messages that the routes for a message declare.
    ///
    /// If `handler` is set, only its route counts.
    pub(super) fn declared_by_route(&self, handler: Option<&str>, message: &str) -> Vec<&'r str> {
        let is_selected = |route_handler: &str, route_message: &str| {
            route_message == message && handler.is_none_or(|handler| handler == route_handler)
        };
        let commands = self
            .wiring
            .commands
            .iter()
            .filter(|route| is_selected(route.handler, &route.command))
            .flat_map(|route| route.raises.iter().chain(&route.issues));
        let events = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| is_selected(route.handler, &route.event))
            .flat_map(|route| route.raises.iter().chain(&route.issues));

        commands.chain(events).map(String::as_str).collect()
    }

    fn possible_producers(&self, name: &str) -> Vec<Producer> {
        let owner = self.aggregate_of_event(name);
        let command_routes = self
            .wiring
            .commands
            .iter()
            .filter(|route| owner.is_none_or(|owner| owner.category == route.category))
            .map(|route| Producer::new(route.handler, &route.command));
        let event_routes = self
            .wiring
            .subscriptions
            .iter()
            .filter(|route| route.kind != HandlerKind::Projector)
            .map(|route| Producer::new(route.handler, &route.event));

        command_routes
            .chain(event_routes)
            .filter(|producer| self.declares_nothing(producer.handler))
            .collect()
    }

    /// Returns true if no route of a handler declares what it raises or issues.
    pub(super) fn declares_nothing(&self, handler: &str) -> bool {
        let command_routes = self
            .wiring
            .commands
            .iter()
            .map(|route| (route.handler, &route.raises, &route.issues));
        let event_routes = self
            .wiring
            .subscriptions
            .iter()
            .map(|route| (route.handler, &route.raises, &route.issues));

        command_routes
            .chain(event_routes)
            .filter(|(route_handler, ..)| *route_handler == handler)
            .all(|(_, raises, issues)| raises.is_empty() && issues.is_empty())
    }

    /// Returns the cause that no handler declares an event, although other handlers declare theirs.
    ///
    /// If no handler declares anything, a missing declaration means nothing.
    pub(super) fn no_producer(&self, name: &str) -> Option<Cause> {
        let owner = self.aggregate_of_event(name)?;

        let command_raises = self.wiring.commands.iter().map(|route| &route.raises);
        let event_raises = self.wiring.subscriptions.iter().map(|route| &route.raises);
        let has_declarations = command_raises
            .chain(event_raises)
            .any(|raises| !raises.is_empty());
        let was_sent = self.messages.iter().any(|message| message.name == name);

        (has_declarations && !was_sent).then(|| Cause::NoProducer {
            event: name.to_owned(),
            aggregate: owner.name,
        })
    }

    /// Returns true if the test flow could send a message of this name, and none was sent yet.
    pub(super) fn may_come_from_outside(&self, name: &str) -> bool {
        let is_event_from_outside = self
            .wiring
            .events_from_outside
            .iter()
            .any(|event| event == name);
        let is_new = self.messages.iter().all(|message| message.name != name);

        is_new && (self.is_command(name) || is_event_from_outside)
    }

    /// Returns the aggregate that lists an event.
    pub(super) fn aggregate_of_event(&self, event: &str) -> Option<&'r AggregateWiring> {
        self.wiring
            .aggregates
            .iter()
            .find(|aggregate| aggregate.events.iter().any(|own| own == event))
    }

    /// Returns true if an aggregate lists a command of this name.
    pub(super) fn is_command(&self, name: &str) -> bool {
        self.wiring
            .aggregates
            .iter()
            .any(|aggregate| aggregate.commands.iter().any(|command| command == name))
    }
}

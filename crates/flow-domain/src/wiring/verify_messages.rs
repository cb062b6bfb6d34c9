use crate::{
    handler::{CommandRoute, EventRoute, RouteDeclaration},
    message::{MessageName, is_listed},
    wiring::{WiringMistake, verify::Verifier},
};

/// Checks that the aggregate that a message names as its own lists the message, and that declared
/// messages exist.
impl Verifier<'_> {
    pub(super) fn check_command_is_listed(&mut self, route: &CommandRoute) {
        if self.lists_command(route.category, route.command) {
            return;
        }

        let listed_by = self
            .parts
            .catalog
            .aggregates
            .iter()
            .find(|entry| is_listed(entry.commands, route.command))
            .map(|entry| entry.name);

        match (listed_by, self.aggregate_name(route.category)) {
            (Some(listed_by), part_of) => self.push_once(WiringMistake::ListedByAnotherAggregate {
                what: "command",
                message: route.type_name,
                category: route.category,
                part_of,
                listed_by,
            }),
            (None, Some(aggregate)) => self.push_once(WiringMistake::UnlistedCommand {
                command: route.type_name,
                used_by: route.handler,
                aggregate,
            }),
            (None, None) => {
                self.push_unregistered_aggregate(
                    route.category,
                    route.handler,
                    route.type_name.into(),
                    false,
                );
            }
        }
    }

    pub(super) fn check_event_is_listed(&mut self, handler: &'static str, route: &EventRoute) {
        if self.lists_event(route.category, route.event.name) {
            return;
        }

        // Compares whole schemas: another event may have the same name.
        let listed_by = self
            .parts
            .catalog
            .aggregates
            .iter()
            .find(|entry| entry.events.iter().any(|list| list.contains(route.event)))
            .map(|entry| entry.name);

        match (listed_by, self.aggregate_name(route.category)) {
            (Some(listed_by), part_of) => self.push_once(WiringMistake::ListedByAnotherAggregate {
                what: "event",
                message: route.type_name,
                category: route.category,
                part_of,
                listed_by,
            }),
            (None, Some(aggregate)) => self.push_once(WiringMistake::UnlistedEvent {
                event: route.type_name,
                used_by: handler,
                aggregate,
            }),
            (None, None) => {
                self.push_unregistered_aggregate(
                    route.category,
                    handler,
                    route.type_name.into(),
                    true,
                );
            }
        }
    }

    /// Checks the messages that a route declares to issue and raise.
    ///
    /// `category` is the category of the command that the route handles; `None` for an event.
    pub(super) fn check_declared_messages(
        &mut self,
        handler: &'static str,
        declaration: &RouteDeclaration,
        category: Option<&'static str>,
    ) {
        for schema in declaration.issues.iter().copied().flatten() {
            if !self.parts.catalog.handles(schema.name) {
                self.push_once(WiringMistake::UnhandledIssuedCommand {
                    command: schema.name.to_string(),
                    issued_by: handler,
                });
            }
        }

        for schema in declaration.raises.iter().copied().flatten() {
            if !self.is_known_event(schema.name) {
                self.push_unlisted_raise(handler, schema.name, category);
            }
        }
    }

    /// Returns true if an aggregate lists the event or the event comes from outside.
    fn is_known_event(&self, event: MessageName) -> bool {
        let catalog = &self.parts.catalog;
        catalog
            .aggregates
            .iter()
            .any(|entry| is_listed(entry.events, event))
            || catalog
                .outside_events
                .iter()
                .any(|(_, lists)| is_listed(lists, event))
    }

    fn push_unlisted_raise(
        &mut self,
        handler: &'static str,
        event: MessageName,
        category: Option<&'static str>,
    ) {
        let handled_by = self
            .parts
            .catalog
            .subscriptions
            .iter()
            .flat_map(|subscription| &subscription.routes)
            .find(|route| route.event.name == event);

        // A declaration does not name the category of its event. A route that handles the event
        // does. Without such a route, the category is probably the one of the command.
        let (category, name) = match handled_by {
            Some(route) => (Some(route.category), route.type_name.to_owned()),
            None => (category, event.to_string()),
        };

        match category {
            Some(category) if !self.categories().any(|known| known == category) => {
                self.push_unregistered_aggregate(category, handler, name, true);
            }
            _ => self.push_once(WiringMistake::UnlistedRaisedEvent {
                event: event.to_string(),
                raised_by: handler,
            }),
        }
    }

    /// Reports that the aggregate of `category` is not registered and that `handler` uses
    /// `message`.
    ///
    /// All handlers that use the category share one mistake.
    fn push_unregistered_aggregate(
        &mut self,
        category: &'static str,
        handler: &'static str,
        message: String,
        is_event: bool,
    ) {
        let reported = self.mistakes.iter_mut().find_map(|mistake| match mistake {
            WiringMistake::UnregisteredAggregate {
                category: reported_category,
                used_by,
                only_events,
            } if *reported_category == category => Some((used_by, only_events)),
            _ => None,
        });

        let Some((used_by, only_events)) = reported else {
            self.mistakes.push(WiringMistake::UnregisteredAggregate {
                category,
                used_by: vec![(handler, vec![message])],
                only_events: is_event,
            });
            return;
        };

        *only_events &= is_event;
        match used_by.iter_mut().find(|(user, _)| *user == handler) {
            None => used_by.push((handler, vec![message])),
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
        }
    }

    /// Returns true if a handler uses a message of `category`. The mistake about this message then
    /// names the aggregate.
    pub(super) fn is_reported_elsewhere(&self, category: &str) -> bool {
        let catalog = &self.parts.catalog;
        catalog
            .commands
            .iter()
            .any(|route| route.category == category)
            || catalog
                .subscriptions
                .iter()
                .flat_map(|subscription| &subscription.routes)
                .any(|route| route.category == category)
    }

    fn lists_command(&self, category: &str, command: MessageName) -> bool {
        self.parts
            .catalog
            .aggregates
            .iter()
            .any(|entry| entry.category == category && is_listed(entry.commands, command))
    }

    pub(super) fn lists_event(&self, category: &str, event: MessageName) -> bool {
        let catalog = &self.parts.catalog;
        catalog
            .aggregates
            .iter()
            .any(|entry| entry.category == category && is_listed(entry.events, event))
            || catalog
                .outside_events
                .iter()
                .any(|(outside_category, lists)| {
                    *outside_category == category && is_listed(lists, event)
                })
    }

    fn aggregate_name(&self, category: &str) -> Option<&'static str> {
        self.parts
            .catalog
            .aggregates
            .iter()
            .find(|entry| entry.category == category)
            .map(|entry| entry.name)
    }
}

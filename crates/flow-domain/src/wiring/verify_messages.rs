use crate::{
    handler::{CommandRoute, EventRoute, RouteDeclaration},
    message::{MessageName, MessageSchema, is_listed},
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
    pub(super) fn check_declared_messages(
        &mut self,
        handler: &'static str,
        declaration: &RouteDeclaration,
    ) {
        for schema in declaration.issues.iter().copied().flatten() {
            let route = self
                .parts
                .catalog
                .command_route(schema.name, schema.category);
            if route.is_none() {
                self.push_once(WiringMistake::UnhandledIssuedCommand {
                    command: schema.name.to_string(),
                    issued_by: handler,
                });
            }
        }

        for schema in declaration.raises.iter().copied().flatten() {
            if !self.lists_event(schema.category, schema.name) {
                self.push_unlisted_raise(handler, schema);
            }
        }
    }

    fn push_unlisted_raise(&mut self, handler: &'static str, event: &MessageSchema) {
        if self.categories().any(|known| known == event.category) {
            self.push_once(WiringMistake::UnlistedRaisedEvent {
                event: event.name.to_string(),
                raised_by: handler,
            });
            return;
        }

        // A route that handles the event knows the name of its Rust type.
        let handled_by = self
            .parts
            .catalog
            .subscriptions
            .iter()
            .flat_map(|subscription| &subscription.routes)
            .find(|route| (route.category, route.event.name) == (event.category, event.name));
        let name = match handled_by {
            Some(route) => route.type_name.to_owned(),
            None => event.name.to_string(),
        };
        self.push_unregistered_aggregate(event.category, handler, name, true);
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

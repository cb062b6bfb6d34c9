use crate::{
    handler::{CommandRoute, EventRoute, RouteDeclaration},
    message::{MessageName, is_listed},
    wiring::{WiringMistake, verify::Verifier},
};

/// Checks that messages are listed by the aggregates that they say they are part of.
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
        let event = route.event.name;
        if self.lists_event(route.category, event) {
            return;
        }

        let mut aggregates = self.parts.catalog.aggregates.iter();
        // Another event of the same name is not this one.
        let listed_by = aggregates
            .find(|entry| entry.events.iter().any(|of| of.contains(route.event)))
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

    /// Checks what a route says that it issues and raises; `category` is that of its command.
    pub(super) fn check_declared(
        &mut self,
        by: &'static str,
        declared: &RouteDeclaration,
        category: Option<&'static str>,
    ) {
        for schema in declared.issues.iter().copied().flatten() {
            if !self.parts.catalog.handles(schema.name) {
                self.push_once(WiringMistake::UnhandledIssuedCommand {
                    command: schema.name.to_string(),
                    issued_by: by,
                });
            }
        }

        for schema in declared.raises.iter().copied().flatten() {
            if !self.is_raised_by_any(schema.name) {
                self.push_unlisted_raise(by, schema.name, category);
            }
        }
    }

    fn is_raised_by_any(&self, event: MessageName) -> bool {
        let catalog = &self.parts.catalog;
        let mut aggregates = catalog.aggregates.iter();
        let mut outside = catalog.outside_events.iter();
        aggregates.any(|entry| is_listed(entry.events, event))
            || outside.any(|(_, names)| is_listed(names, event))
    }

    fn push_unlisted_raise(
        &mut self,
        by: &'static str,
        event: MessageName,
        category: Option<&'static str>,
    ) {
        let mut routes = self
            .parts
            .catalog
            .subscriptions
            .iter()
            .flat_map(|one| &one.routes);

        // What is raised does not say its category: whoever handles it does, or the command that
        // raises it.
        let (category, name) = match routes.find(|route| route.event.name == event) {
            Some(route) => (Some(route.category), route.type_name.to_owned()),
            None => (category, event.to_string()),
        };

        match category {
            Some(category) if !self.categories().any(|known| known == category) => {
                self.push_unregistered_aggregate(category, by, name, true);
            }
            _ => self.push_once(WiringMistake::UnlistedRaisedEvent {
                event: event.to_string(),
                raised_by: by,
            }),
        }
    }

    /// Tells that nothing of `category` is registered, once for all who use it.
    fn push_unregistered_aggregate(
        &mut self,
        category: &'static str,
        handler: &'static str,
        message: String,
        is_event: bool,
    ) {
        let found = self.mistakes.iter_mut().find_map(|mistake| match mistake {
            WiringMistake::UnregisteredAggregate {
                category: known,
                used_by,
                only_events,
            } if *known == category => Some((used_by, only_events)),
            _ => None,
        });

        let Some((used_by, only_events)) = found else {
            self.mistakes.push(WiringMistake::UnregisteredAggregate {
                category,
                used_by: vec![(handler, vec![message])],
                only_events: is_event,
            });
            return;
        };

        *only_events &= is_event;
        match used_by.iter_mut().find(|(known, _)| *known == handler) {
            None => used_by.push((handler, vec![message])),
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
        }
    }

    /// Returns true if a message of `category` is handled, so that its aggregate is missed there.
    pub(super) fn is_reported_elsewhere(&self, category: &str) -> bool {
        let catalog = &self.parts.catalog;
        let mut events = catalog.subscriptions.iter().flat_map(|one| &one.routes);
        catalog
            .commands
            .iter()
            .any(|route| route.category == category)
            || events.any(|route| route.category == category)
    }

    fn lists_command(&self, category: &str, command: MessageName) -> bool {
        self.parts
            .catalog
            .aggregates
            .iter()
            .any(|entry| entry.category == category && is_listed(entry.commands, command))
    }

    fn lists_event(&self, category: &str, event: MessageName) -> bool {
        let catalog = &self.parts.catalog;
        let mut aggregates = catalog.aggregates.iter();
        let mut outside = catalog.outside_events.iter();
        aggregates.any(|entry| entry.category == category && is_listed(entry.events, event))
            || outside.any(|(of, names)| *of == category && is_listed(names, event))
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

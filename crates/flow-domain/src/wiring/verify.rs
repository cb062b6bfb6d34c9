use std::any::TypeId;

use crate::{
    handler::{AggregateEntry, EventRoute, Subscription},
    message::StreamName,
    record::HandlerKind,
    wiring::{WiringMistake, builder::Parts, keys::wrong_keys, nearest},
};

/// Finds every mistake in the wiring, sorted by kind of part, then in order of registration.
pub(super) fn verify(parts: &Parts) -> Vec<WiringMistake> {
    let mut verifier = Verifier {
        parts,
        mistakes: Vec::new(),
    };

    verifier.check_name();
    verifier.check_defaults();
    verifier.check_aggregates();
    verifier.check_projections();
    verifier.check_handlers();
    verifier.check_upcasts();
    verifier.check_commands();
    for subscription in &parts.catalog.subscriptions {
        verifier.check_subscription(subscription);
    }
    verifier.check_acknowledgements();

    verifier.mistakes
}

pub(super) struct Verifier<'a> {
    pub(super) parts: &'a Parts,
    pub(super) mistakes: Vec<WiringMistake>,
}

/// For every item that equals an earlier one, calls `on_duplicate` with the earlier item and the
/// item itself.
fn for_each_duplicate<T>(
    items: &[T],
    are_equal: impl Fn(&T, &T) -> bool,
    mut on_duplicate: impl FnMut(&T, &T),
) {
    for (idx, item) in items.iter().enumerate() {
        let earlier = items[..idx].iter().find(|earlier| are_equal(earlier, item));
        if let Some(earlier) = earlier {
            on_duplicate(earlier, item);
        }
    }
}

impl Verifier<'_> {
    fn check_acknowledgements(&mut self) {
        let without_reason = self
            .parts
            .acknowledgements
            .iter()
            .filter(|known| known.reason.trim().is_empty());
        self.mistakes.extend(without_reason.map(|known| {
            WiringMistake::AcknowledgedWithoutReason {
                selector: known.selector.clone(),
            }
        }));
    }

    fn check_name(&mut self) {
        let name = &self.parts.name;
        let is_legal =
            |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if !name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            || !name.chars().all(is_legal)
        {
            self.mistakes
                .push(WiringMistake::InvalidDomainName { name: name.clone() });
        }
    }

    fn check_aggregates(&mut self) {
        let aggregates = &self.parts.catalog.aggregates;
        for aggregate in aggregates {
            self.check_category(aggregate.name, aggregate.category);
            self.check_snapshots(aggregate);
        }

        for (category, lists) in &self.parts.catalog.outside_events {
            let first_event = lists.iter().copied().flatten().next();
            self.check_category(
                first_event.map_or("", |schema| schema.name.as_str()),
                category,
            );
        }

        for_each_duplicate(
            aggregates,
            |first, second| first.category == second.category,
            |first, second| {
                self.mistakes.push(if first.type_id == second.type_id {
                    WiringMistake::RegisteredTwice {
                        what: "aggregate",
                        name: second.name,
                    }
                } else {
                    WiringMistake::SharedCategory {
                        category: second.category,
                        first: first.name,
                        second: second.name,
                    }
                });
            },
        );

        // Two aggregates with the same category are already reported.
        for_each_duplicate(
            aggregates,
            |first, second| first.name == second.name && first.category != second.category,
            |_, second| {
                self.mistakes.push(WiringMistake::SharedName {
                    first: "aggregate",
                    second: "aggregate",
                    name: second.name,
                });
            },
        );
    }

    fn check_snapshots(&mut self, entry: &AggregateEntry) {
        let Some(rule) = entry.snapshots else {
            return;
        };
        let aggregate = entry.name;

        if !entry.event_sourced {
            self.mistakes
                .push(WiringMistake::SnapshotsOfState { aggregate });
        } else if !rule.policy.has_effect() {
            self.mistakes
                .push(WiringMistake::SnapshotEveryZeroEvents { aggregate });
        }
    }

    fn check_category(&mut self, owner: &'static str, category: &'static str) {
        if !StreamName::is_category(category) {
            self.mistakes.push(WiringMistake::InvalidCategory {
                owner,
                category: category.to_owned(),
            });
        }
    }

    fn check_projections(&mut self) {
        for_each_duplicate(
            &self.parts.catalog.projections,
            |first, second| first.name == second.name,
            |first, second| {
                self.mistakes.push(if first.type_id == second.type_id {
                    WiringMistake::RegisteredTwice {
                        what: "projection",
                        name: second.name,
                    }
                } else {
                    WiringMistake::SharedName {
                        first: "projection",
                        second: "projection",
                        name: second.name,
                    }
                });
            },
        );
    }

    fn check_handlers(&mut self) {
        let handlers: Vec<_> = self.parts.handlers().collect();
        for (idx, &(name, type_id, kind, n_routes)) in handlers.iter().enumerate() {
            let earlier = handlers[..idx]
                .iter()
                .copied()
                .find(|(earlier, ..)| *earlier == name);
            if let Some((_, earlier_type_id, earlier_kind, _)) = earlier {
                self.mistakes
                    .push(if (earlier_type_id, earlier_kind) == (type_id, kind) {
                        WiringMistake::RegisteredTwice {
                            what: kind.as_str(),
                            name,
                        }
                    } else {
                        WiringMistake::SharedName {
                            first: earlier_kind.as_str(),
                            second: kind.as_str(),
                            name,
                        }
                    });
            }

            if n_routes == 0 {
                self.mistakes.push(WiringMistake::NoRoutes {
                    handler: name,
                    kind,
                });
            }
        }
    }

    fn check_commands(&mut self) {
        let commands = &self.parts.catalog.commands;
        for_each_duplicate(
            commands,
            |first, second| first.command == second.command && first.category == second.category,
            |first, second| {
                if first.handler_type != second.handler_type {
                    self.mistakes.push(WiringMistake::TwoHandlers {
                        command: second.command.to_string(),
                        first: first.handler,
                        second: second.handler,
                    });
                } else if self.is_registered_once(second.handler_type) {
                    self.mistakes.push(WiringMistake::TwoMethods {
                        handler: second.handler,
                        message: second.command.to_string(),
                    });
                }
            },
        );

        for route in commands {
            self.check_command_options(route);
            self.check_command_is_listed(route);
            self.check_declared_messages(route.handler, &route.declaration);
        }
    }

    /// Returns true if the handler is not registered twice.
    ///
    /// A second registration is one mistake. Its routes are not reported as further mistakes.
    fn is_registered_once(&self, command_handler: TypeId) -> bool {
        self.parts
            .command_handlers
            .iter()
            .filter(|(_, id, _)| *id == command_handler)
            .count()
            == 1
    }

    /// Adds a mistake unless it is already there: each variant of an enum may lead to the same one.
    pub(super) fn push_once(&mut self, mistake: WiringMistake) {
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    fn check_subscription(&mut self, subscription: &Subscription) {
        self.check_subscription_options(subscription);
        for category in subscription.categories.iter().flatten() {
            self.check_category_is_known(subscription.handler, category);
        }

        for_each_duplicate(
            &subscription.routes,
            |first, second| {
                first.event.name == second.event.name && first.category == second.category
            },
            |_, second| {
                self.mistakes.push(WiringMistake::TwoMethods {
                    handler: subscription.handler,
                    message: second.event.name.to_string(),
                });
            },
        );

        for route in &subscription.routes {
            self.check_event_route(subscription, route);
        }

        if let Some(route) = &subscription.catch_all {
            self.check_declared_messages(subscription.handler, &route.declaration);
        }
        self.mistakes.extend(wrong_keys(subscription));
        self.check_projection_is_registered(subscription);
        self.check_process_manager_is_started(subscription);
    }

    fn check_projection_is_registered(&mut self, subscription: &Subscription) {
        if let Some((projection, id)) = subscription.projection
            && !self
                .parts
                .catalog
                .projections
                .iter()
                .any(|entry| entry.type_id == id)
        {
            self.mistakes.push(WiringMistake::UnregisteredProjection {
                projection,
                projector: subscription.handler,
            });
        }
    }

    fn check_process_manager_is_started(&mut self, subscription: &Subscription) {
        let starts = subscription
            .routes
            .iter()
            .any(|route| route.declaration.starts);
        // A handler without any routes is already reported as `NoRoutes`.
        if subscription.kind == HandlerKind::ProcessManager
            && !starts
            && !subscription.routes.is_empty()
        {
            self.mistakes.push(WiringMistake::NoStart {
                process_manager: subscription.handler,
            });
        }
    }

    fn check_category_is_known(&mut self, handler: &'static str, category: &'static str) {
        if !self.is_known_category(category) {
            let nearest = nearest(category, self.categories()).map(str::to_owned);
            self.mistakes.push(WiringMistake::UnknownCategory {
                handler,
                category,
                nearest,
            });
        }
    }

    /// Returns true if the category exists, or if another mistake already reports its aggregate.
    pub(super) fn is_known_category(&self, category: &str) -> bool {
        self.categories().any(|known| known == category) || self.is_reported_elsewhere(category)
    }

    pub(super) fn categories(&self) -> impl Iterator<Item = &'static str> + '_ {
        let catalog = &self.parts.catalog;
        let of_aggregates = catalog.aggregates.iter().map(|entry| entry.category);
        let from_outside = catalog.outside_events.iter().map(|(category, _)| *category);
        of_aggregates.chain(from_outside)
    }

    /// Returns true if `category` does not exist and looks like a typo of `meant`.
    fn is_misspelt(&self, category: &str, meant: &str) -> bool {
        !self.categories().any(|known| known == category)
            && nearest(category, self.categories()) == Some(meant)
    }

    fn check_event_route(&mut self, subscription: &Subscription, route: &EventRoute) {
        self.check_event_is_listed(subscription.handler, route);

        if let Some(reads) = &subscription.categories
            && !reads.contains(&route.category)
            // A typo in a category is already reported as an unknown category.
            && !reads.iter().any(|read| self.is_misspelt(read, route.category))
        {
            self.mistakes.push(WiringMistake::WrongCategory {
                handler: subscription.handler,
                event: route.event.name.to_string(),
                reads: reads.clone(),
                appears_in: route.category,
            });
        }

        self.check_declared_messages(subscription.handler, &route.declaration);
    }
}

use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{
        AggregateEntry, CommandRoute, EventRoute, ProjectionEntry, SnapshotRule, Subscription,
        SubscriptionOptions, Upcasts,
    },
    message::{
        CategoryMessages, Envelope, MessageLabels, MessageName, MessageType, Priority, SchemaLists,
        is_listed, short_type_name,
    },
    model::{Aggregate, Projection},
    record::{HandlerKind, TableKind},
};

/// Everything that a domain consists of, with lookups for the runtime.
pub(crate) struct Catalog {
    /// The name of the domain in camel case, as message types have it.
    pub(crate) domain: Arc<str>,
    pub(crate) aggregates: Vec<AggregateEntry>,
    pub(crate) projections: Vec<ProjectionEntry>,
    /// The events that come from outside, with their categories.
    pub(crate) outside_events: Vec<(&'static str, SchemaLists)>,
    /// How stored events become events of today.
    pub(crate) upcasts: Upcasts,
    /// In order of registration.
    pub(crate) commands: Vec<CommandRoute>,
    /// In order of registration, which is the order of delivery.
    pub(crate) subscriptions: Vec<Subscription>,
    /// The sort key of an event, the index of a subscription, and the index of one of its routes.
    ///
    /// Invariant: sorted, with one element for each route.
    pub(crate) event_index: Vec<(u64, usize, usize)>,
    /// The indices of the subscriptions with a catch-all route.
    pub(crate) catch_all_idxs: Vec<usize>,
    /// The options that the domain sets for all subscriptions.
    pub(crate) defaults: SubscriptionOptions,
    /// Set if messages below this priority go to the backfill lane; `None` means one lane for all.
    pub(crate) lane_threshold: Option<Priority>,
    /// How texts name the messages.
    pub(crate) labels: MessageLabels,
}

impl Catalog {
    /// Builds the labels of the messages. No aggregate or event may be added afterwards.
    pub(crate) fn build_labels(&mut self) {
        let of_aggregates = self.aggregates.iter().flat_map(AggregateEntry::messages);
        let from_outside = self
            .outside_events
            .iter()
            .map(|(category, schemas)| CategoryMessages {
                category,
                aggregate: None,
                schemas,
            });

        self.labels = of_aggregates.chain(from_outside).collect();
    }

    /// Builds the index of events. No route may be added afterwards.
    pub(crate) fn build_event_index(&mut self) {
        let n_routes = self
            .subscriptions
            .iter()
            .map(|subscription| subscription.routes.len())
            .sum();
        self.event_index = Vec::with_capacity(n_routes);

        for (subscription_idx, subscription) in self.subscriptions.iter().enumerate() {
            for (route_idx, route) in subscription.routes.iter().enumerate() {
                let name = route.event.name;
                let key = sort_key(name.as_str(), name.version());
                self.event_index.push((key, subscription_idx, route_idx));
            }
        }
        self.event_index.sort_unstable();

        self.catch_all_idxs = self
            .subscriptions
            .iter()
            .enumerate()
            .filter(|(_, subscription)| subscription.catch_all.is_some())
            .map(|(idx, _)| idx)
            .collect();
    }

    /// Returns the route of a command, if it has a handler.
    pub(crate) fn command_route(
        &self,
        command: MessageName,
        category: &str,
    ) -> Option<&CommandRoute> {
        self.commands
            .iter()
            .find(|route| route.command == command && route.category == category)
    }

    /// Returns the route of the command in this envelope, or the error of [`Self::no_handler_error`].
    pub(crate) fn require_command_route(&self, command: &Envelope) -> Result<&CommandRoute, Error> {
        let (message_type, stream) = (&command.metadata.message_type, &command.metadata.stream);
        let route = self.commands.iter().find(|route| {
            message_type.matches(route.command) && route.category == stream.category()
        });

        route.ok_or_else(|| {
            let description = format!("`{message_type}` of `{stream}`");
            self.no_handler_error_for(&description, stream.category())
        })
    }

    /// Returns the error for a command without a handler. It advises how to register one.
    pub(crate) fn no_handler_error(&self, command: MessageName, category: &str) -> Error {
        self.no_handler_error_for(&format!("`{command}`"), category)
    }

    fn no_handler_error_for(&self, description: &str, category: &str) -> Error {
        let sibling = self
            .commands
            .iter()
            .find(|route| route.category == category);
        let advice = match sibling {
            Some(route) => format!(
                "add a route for it to {}, which handles other commands of the same aggregate: `on.command(..)`",
                route.handler
            ),
            None => "add a `.command_handler(..)` with a route for it".to_owned(),
        };

        Error::no_handler(format!(
            "no handler for the command {description}: {advice}"
        ))
    }

    /// Returns true if the domain knows events of this type in the category of the event's stream.
    ///
    /// It knows retired events, too, but nobody handles them.
    pub(crate) fn knows_event(&self, event: &Envelope) -> bool {
        let message_type = &event.metadata.message_type;
        let category = event.metadata.stream.category();
        let lists_type = |schemas: SchemaLists| {
            schemas
                .iter()
                .copied()
                .flatten()
                .any(|schema| message_type.matches(schema.name))
        };

        self.upcasts.is_retired(message_type)
            || self
                .aggregates
                .iter()
                .any(|entry| entry.category == category && lists_type(entry.events))
            || self
                .outside_events
                .iter()
                .any(|(outside_category, schemas)| {
                    *outside_category == category && lists_type(schemas)
                })
    }

    /// Returns the routes of `event`, in order of registration, as arguments of [`Self::route`].
    ///
    /// The catch-all route of a subscription has the index after its last named route.
    pub(crate) fn routes_of<'a>(
        &'a self,
        event: &'a Envelope,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        // If no subscription has a catch-all route, the named routes are returned as they are
        // found. Otherwise a list is needed, to sort the catch-all routes in.
        let mut named_routes = Some(self.named_routes_of(event));
        let mut all_routes = Vec::new();

        if !self.catch_all_idxs.is_empty()
            && let Some(named_routes) = named_routes.take()
        {
            all_routes.extend(named_routes);
            for subscription_idx in &self.catch_all_idxs {
                let subscription = &self.subscriptions[*subscription_idx];
                let has_named_route = all_routes
                    .iter()
                    .any(|(named_idx, _)| named_idx == subscription_idx);
                if !has_named_route && self.reaches_catch_all(subscription, event) {
                    all_routes.push((*subscription_idx, subscription.routes.len()));
                }
            }
            all_routes.sort_unstable();
        }

        named_routes.into_iter().flatten().chain(all_routes)
    }

    /// Returns the route of `event` in the subscription with this index, if it has one.
    pub(crate) fn route_in(
        &self,
        subscription_idx: usize,
        event: &Envelope,
    ) -> Option<&EventRoute> {
        let subscription = &self.subscriptions[subscription_idx];
        let (message_type, stream) = (&event.metadata.message_type, &event.metadata.stream);
        if !subscription.reads(stream.category()) {
            return None;
        }

        let named_route = subscription.routes.iter().find(|route| {
            message_type.matches(route.event.name) && route.category == stream.category()
        });
        named_route.or_else(|| {
            let catch_all = subscription.catch_all.as_deref()?;
            self.reaches_catch_all(subscription, event)
                .then_some(catch_all)
        })
    }

    /// Returns true if a catch-all route gets an event that has no route of its own.
    fn reaches_catch_all(&self, subscription: &Subscription, event: &Envelope) -> bool {
        subscription.reads(event.metadata.stream.category())
            && !self.upcasts.is_retired(&event.metadata.message_type)
            && !self.waits_for_newer(subscription, event)
    }

    /// Returns the categories whose events a subscription receives.
    pub(crate) fn categories_of(&self, subscription: &Subscription) -> Vec<&'static str> {
        let mut categories: Vec<&'static str> = Vec::new();
        let mut add = |category| {
            if subscription.reads(category) && !categories.contains(&category) {
                categories.push(category);
            }
        };

        for route in &subscription.routes {
            add(route.category);
        }
        if subscription.catch_all.is_some() {
            let from_aggregates = self.aggregates.iter().map(|entry| entry.category);
            let from_outside = self.outside_events.iter().map(|(category, _)| *category);
            from_aggregates.chain(from_outside).for_each(add);
        }

        categories
    }

    /// Returns the routes that name `event`, in order of registration.
    fn named_routes_of<'a>(
        &'a self,
        event: &'a Envelope,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let message_type = &event.metadata.message_type;
        let wanted_key = sort_key(message_type.name(), message_type.version());
        let start = self
            .event_index
            .partition_point(|(key, ..)| *key < wanted_key);

        self.event_index[start..]
            .iter()
            .take_while(move |(key, ..)| *key == wanted_key)
            .map(|(_, subscription_idx, route_idx)| (*subscription_idx, *route_idx))
            .filter(|(subscription_idx, route_idx)| {
                let category = event.metadata.stream.category();
                let subscription = &self.subscriptions[*subscription_idx];
                let route = &subscription.routes[*route_idx];

                // Different names may have the same key.
                message_type.matches(route.event.name)
                    && route.category == category
                    && subscription.reads(category)
            })
    }

    /// Returns a route that [`Self::routes_of`] found, with its subscription.
    pub(crate) fn route(
        &self,
        subscription_idx: usize,
        route_idx: usize,
    ) -> (&Subscription, &EventRoute) {
        let subscription = &self.subscriptions[subscription_idx];
        let route = subscription
            .routes
            .get(route_idx)
            .or(subscription.catch_all.as_deref());

        (
            subscription,
            route.expect("`routes_of` returns only routes that exist"),
        )
    }

    pub(crate) fn message_type(&self, name: MessageName) -> MessageType {
        MessageType::new(&self.domain, name)
    }

    pub(crate) fn require_aggregate<A: Aggregate>(&self) -> Result<(), Error> {
        self.require_registered(
            TableKind::Aggregate,
            TypeId::of::<A>(),
            short_type_name::<A>(),
        )
    }

    /// Returns when an aggregate gets snapshots, if its domain says so.
    pub(crate) fn snapshot_rule<A: Aggregate>(&self) -> Option<SnapshotRule> {
        let mut aggregates = self.aggregates.iter();
        aggregates
            .find(|entry| entry.type_id == TypeId::of::<A>())?
            .snapshots
    }

    pub(crate) fn require_projection<P: Projection>(&self) -> Result<(), Error> {
        self.require_registered(
            TableKind::Projection,
            TypeId::of::<P>(),
            short_type_name::<P>(),
        )
    }

    /// Returns an error that names the missing builder call, unless this Rust type is registered.
    pub(crate) fn require_registered(
        &self,
        kind: TableKind,
        type_id: TypeId,
        name: &str,
    ) -> Result<(), Error> {
        let is_registered = match kind {
            TableKind::Aggregate => self.aggregates.iter().any(|entry| entry.type_id == type_id),
            TableKind::Projection => self
                .projections
                .iter()
                .any(|entry| entry.type_id == type_id),
            TableKind::ProcessManager => self.subscriptions.iter().any(|entry| {
                entry.kind == HandlerKind::ProcessManager && entry.handler_type == type_id
            }),
            // The engine's own tables have no Rust type that the user could register.
            TableKind::ProcessHistory
            | TableKind::Inbox
            | TableKind::DeadLetter
            | TableKind::Snapshot
            | TableKind::SubjectKey
            | TableKind::Rebuild
            | TableKind::RebuiltRow => true,
        };

        if is_registered {
            return Ok(());
        }
        Err(not_registered_error(kind, name))
    }

    /// Returns the name of the aggregate with this category, or `aggregate` if there is none.
    pub(crate) fn aggregate_name_in(&self, category: &str) -> &'static str {
        self.aggregates
            .iter()
            .find(|entry| entry.category == category)
            .map_or("aggregate", |entry| entry.name)
    }

    /// Returns an error unless an aggregate lists `event`, or it is registered as an outside event.
    pub(crate) fn require_event(&self, event: MessageName, category: &str) -> Result<(), Error> {
        let is_of_aggregate = self
            .aggregates
            .iter()
            .any(|entry| entry.category == category && is_listed(entry.events, event));
        let is_from_outside = || {
            self.outside_events
                .iter()
                .any(|(outside_category, schemas)| {
                    *outside_category == category && is_listed(schemas, event)
                })
        };
        if is_of_aggregate || is_from_outside() {
            return Ok(());
        }

        let aggregate = self
            .aggregates
            .iter()
            .find(|entry| entry.category == category);
        Err(Error::setup(match aggregate {
            Some(entry) => format!(
                "the event `{event}` is not registered: list it in `#[aggregate(.., events({event}))]` of `{}`",
                entry.name
            ),
            None => format!(
                "the event `{event}` is not registered: no aggregate of the domain has the category `{category}`; \
                 add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<{event}>()`"
            ),
        }))
    }
}

pub(super) fn not_registered_error(kind: TableKind, name: &str) -> Error {
    let method = match kind {
        TableKind::Projection => "projection",
        TableKind::ProcessManager => "process_manager",
        _ => "aggregate",
    };

    Error::setup(format!(
        "the {kind} `{name}` is not registered: add `.{method}::<{name}>()` to the domain"
    ))
}

/// Packs the version, the length and the last six bytes of a name into one number.
///
/// Numbers are faster to compare than names. Two names may have the same key, so the names of a
/// match must be compared, too.
fn sort_key(name: &str, version: u32) -> u64 {
    let bytes = name.as_bytes();
    let mut key = u64::from(version) << 56 | (bytes.len() as u64 & 0xff) << 48;

    for (idx, byte) in bytes.iter().rev().take(6).enumerate() {
        key |= u64::from(*byte) << (8 * idx);
    }

    key
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("domain", &self.domain)
            .field("aggregates", &self.aggregates)
            .field("projections", &self.projections)
            .field("commands", &self.commands)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}

use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{
        CommandRoute, EventRoute, Ports, Subscription, SubscriptionOptions, fold_aggregate,
        load_aggregate, short_type_name,
    },
    message::{
        Envelope, MessageName, MessageType, Payload, Priority, Recorded, SchemaLists, StreamName,
        is_listed,
    },
    model::{Aggregate, Projection, equality::are_equal_ignoring_order},
    port::BoxFuture,
    record::{HandlerKind, TableKind},
};

/// Everything that a domain consists of, ready to be looked up.
pub(crate) struct Catalog {
    /// The name of the domain in camel case, as it stands in message types.
    pub(crate) domain: Arc<str>,
    pub(crate) aggregates: Vec<AggregateEntry>,
    pub(crate) projections: Vec<ProjectionEntry>,
    /// Events that come from outside, with their categories.
    pub(crate) outside_events: Vec<(&'static str, SchemaLists)>,
    /// In order of registration.
    pub(crate) commands: Vec<CommandRoute>,
    /// In order of registration, which is the order of delivery.
    pub(crate) subscriptions: Vec<Subscription>,
    /// Invariant: sorted; after the key of its event, each has the place of a route in `subscriptions`
    /// and in the routes of one.
    pub(crate) event_index: Vec<(u64, usize, usize)>,
    /// The places of the subscriptions that take every event.
    pub(crate) catch_all_idxs: Vec<usize>,
    /// What is said of all subscriptions.
    pub(crate) defaults: SubscriptionOptions,
    /// Set if less urgent messages have a lane of their own: what is below this priority.
    pub(crate) lane_threshold: Option<Priority>,
}

/// An aggregate of the domain, without its Rust type.
#[derive(Clone)]
pub(crate) struct AggregateEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) category: &'static str,
    pub(crate) commands: SchemaLists,
    pub(crate) events: SchemaLists,
    pub(crate) event_sourced: bool,
    load: LoadAggregate,
    fold: FoldAggregate,
}

/// Loads the aggregate of a stream and writes its state down.
type LoadAggregate =
    fn(Arc<Ports>, StreamName) -> BoxFuture<'static, Result<Option<Payload>, Error>>;

/// A projection of the domain, without its Rust type.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    /// Compares two rows that are not written alike.
    pub(crate) rows_are_equal: fn(&Payload, &Payload) -> bool,
}

/// Folds events into the state of an aggregate and writes it down.
type FoldAggregate = fn(&[Recorded]) -> Result<Option<Payload>, Error>;

impl AggregateEntry {
    pub(crate) fn of<A: Aggregate>() -> Self {
        Self {
            name: A::NAME,
            type_id: TypeId::of::<A>(),
            category: A::CATEGORY,
            commands: A::COMMANDS,
            events: A::EVENTS,
            event_sourced: A::EVENT_SOURCED,
            load: |ports, stream| {
                Box::pin(async move {
                    match load_aggregate::<A>(&ports, &stream).await? {
                        Some(aggregate) => Payload::encode(A::NAME, &aggregate).map(Some),
                        None => Ok(None),
                    }
                })
            },
            fold: |events| {
                let folded = fold_aggregate::<A>(events.iter())?;
                folded
                    .map(|aggregate| Payload::encode(A::NAME, &aggregate))
                    .transpose()
            },
        }
    }

    /// Folds events into the state of the aggregate and writes it down.
    pub(crate) fn fold(&self, events: &[Recorded]) -> Result<Option<Payload>, Error> {
        (self.fold)(events)
    }

    /// Loads the aggregate with this id and writes its state down.
    pub(crate) async fn load(
        &self,
        ports: &Arc<Ports>,
        id: &str,
    ) -> Result<Option<Payload>, Error> {
        let stream =
            StreamName::new(self.category, id).map_err(|err| Error::setup(err.to_string()))?;
        (self.load)(Arc::clone(ports), stream).await
    }
}

impl ProjectionEntry {
    pub(crate) fn of<P: Projection>() -> Self {
        Self {
            name: P::NAME,
            type_id: TypeId::of::<P>(),
            rows_are_equal: |one, other| {
                let rows: (Result<P, _>, Result<P, _>) =
                    (one.decode(P::NAME), other.decode(P::NAME));
                let is_same = match &rows {
                    (Ok(one), Ok(other)) => one.try_eq(other),
                    _ => None,
                };
                is_same.unwrap_or_else(|| are_equal_ignoring_order(one, other))
            },
        }
    }
}

impl Catalog {
    /// Builds the index of events; the routes are complete from here on.
    pub(crate) fn build_event_index(&mut self) {
        let n_routes = self.subscriptions.iter().map(|one| one.routes.len()).sum();
        self.event_index = Vec::with_capacity(n_routes);
        for (place, subscription) in self.subscriptions.iter().enumerate() {
            for (idx, route) in subscription.routes.iter().enumerate() {
                let name = route.event.name;
                self.event_index
                    .push((sort_key(name.as_str(), name.version()), place, idx));
            }
        }

        self.event_index.sort_unstable();
        let taking_all = self.subscriptions.iter().enumerate();
        let taking_all = taking_all.filter(|(_, one)| one.catch_all.is_some());

        self.catch_all_idxs = taking_all.map(|(place, _)| place).collect();
    }

    pub(crate) fn command_route(
        &self,
        command: MessageName,
        category: &str,
    ) -> Option<&CommandRoute> {
        self.commands
            .iter()
            .find(|route| route.command == command && route.category == category)
    }

    /// Returns who handles the command in this envelope.
    pub(crate) fn require_command_route(&self, command: &Envelope) -> Result<&CommandRoute, Error> {
        let (message_type, stream) = (&command.metadata.message_type, &command.metadata.stream);
        let route = self.commands.iter().find(|route| {
            message_type.matches(route.command) && route.category == stream.category()
        });

        route.ok_or_else(|| {
            let what = format!("`{message_type}` of `{stream}`");
            self.no_handler_error_for(&what, stream.category())
        })
    }

    /// Says that nobody handles a command, and what to write.
    pub(crate) fn no_handler_error(&self, command: MessageName, category: &str) -> Error {
        self.no_handler_error_for(&format!("`{command}`"), category)
    }

    fn no_handler_error_for(&self, what: &str, category: &str) -> Error {
        let mut routes = self.commands.iter();
        let advice = match routes.find(|route| route.category == category) {
            Some(relative) => format!(
                "name it in the routes of {}, which handles others of the same aggregate, with `on.command(..)`",
                relative.handler
            ),
            None => "register a command handler whose routes name it, with `.command_handler(..)`"
                .to_owned(),
        };

        Error::no_handler(format!("nobody handles the command {what}: {advice}"))
    }

    /// Returns true if an event of this type can appear in this category.
    pub(crate) fn knows_event(&self, event: &Envelope) -> bool {
        let message_type = &event.metadata.message_type;
        let category = event.metadata.stream.category();
        let lists = |names: SchemaLists| {
            names
                .iter()
                .copied()
                .flatten()
                .any(|schema| message_type.matches(schema.name))
        };
        let mut own = self.aggregates.iter();
        let mut outside = self.outside_events.iter();

        own.any(|entry| entry.category == category && lists(entry.events))
            || outside.any(|(from, names)| *from == category && lists(names))
    }

    /// Returns true if a command of this name has a handler, whatever its category.
    pub(crate) fn handles(&self, command: MessageName) -> bool {
        self.commands.iter().any(|route| route.command == command)
    }

    /// Returns who handles `event`, in order of registration, with the place of each.
    pub(crate) fn routes_of<'a>(
        &'a self,
        event: &'a Envelope,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let named = self.named_routes_of(event);
        let mut with_all = Vec::new();
        let mut only_named = Some(named);

        if !self.catch_all_idxs.is_empty()
            && let Some(named) = only_named.take()
        {
            with_all.extend(named);
            for place in &self.catch_all_idxs {
                let subscription = &self.subscriptions[*place];
                let is_named = with_all.iter().any(|(other, _)| other == place);
                if !is_named && subscription.reads(event.metadata.stream.category()) {
                    with_all.push((*place, subscription.routes.len()));
                }
            }

            with_all.sort_unstable();
        }

        only_named.into_iter().flatten().chain(with_all)
    }

    /// Returns the route of `event` in the subscription at `place`, if it has one.
    pub(crate) fn route_in(&self, place: usize, event: &Envelope) -> Option<&EventRoute> {
        let subscription = &self.subscriptions[place];
        let (message_type, stream) = (&event.metadata.message_type, &event.metadata.stream);

        if !subscription.reads(stream.category()) {
            return None;
        }

        let mut named = subscription.routes.iter();
        let named = named.find(|route| {
            message_type.matches(route.event.name) && route.category == stream.category()
        });

        named.or(subscription.catch_all.as_deref())
    }

    /// The categories of the events that a subscription is handed.
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
            let own = self.aggregates.iter().map(|entry| entry.category);
            let outside = self.outside_events.iter().map(|(category, _)| *category);
            own.chain(outside).for_each(add);
        }

        categories
    }

    fn named_routes_of<'a>(
        &'a self,
        event: &'a Envelope,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let message_type = &event.metadata.message_type;
        let wanted = sort_key(message_type.name(), message_type.version());
        let start = self.event_index.partition_point(|(key, ..)| *key < wanted);

        self.event_index[start..]
            .iter()
            .take_while(move |(key, ..)| *key == wanted)
            .map(|(_, place, idx)| (*place, *idx))
            .filter(|(place, idx)| {
                let category = event.metadata.stream.category();
                let subscription = &self.subscriptions[*place];
                let route = &subscription.routes[*idx];
                message_type.matches(route.event.name)
                    && route.category == category
                    && subscription.reads(category)
            })
    }

    pub(crate) fn route(&self, place: usize, idx: usize) -> (&Subscription, &EventRoute) {
        let subscription = &self.subscriptions[place];
        let all = subscription.catch_all.as_deref();
        let route = subscription.routes.get(idx).or(all);
        (
            subscription,
            route.expect("a route that was found is there"),
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

    pub(crate) fn require_projection<P: Projection>(&self) -> Result<(), Error> {
        self.require_registered(
            TableKind::Projection,
            TypeId::of::<P>(),
            short_type_name::<P>(),
        )
    }

    /// Finds the projection with this name.
    pub(crate) fn require_projection_named(&self, name: &str) -> Result<&ProjectionEntry, Error> {
        self.projections
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| not_registered_error(TableKind::Projection, name))
    }

    /// Returns an error, saying what to write, unless what is kept so is registered.
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
            // What the engine keeps for itself has no type of the user's.
            TableKind::Inbox | TableKind::Checkpoint | TableKind::DeadLetter => true,
        };

        if is_registered {
            return Ok(());
        }

        Err(not_registered_error(kind, name))
    }

    /// The name of the aggregate with this category.
    pub(crate) fn aggregate_name_in(&self, category: &str) -> &'static str {
        self.aggregates
            .iter()
            .find(|entry| entry.category == category)
            .map_or("aggregate", |entry| entry.name)
    }

    /// Returns an error unless an aggregate of the domain has this category.
    pub(crate) fn require_category(&self, category: &str, name: &str) -> Result<(), Error> {
        if self
            .aggregates
            .iter()
            .any(|entry| entry.category == category)
        {
            return Ok(());
        }

        Err(not_registered_error(TableKind::Aggregate, name))
    }

    /// Returns an error unless `event` is one of an aggregate of the domain, or one from outside.
    pub(crate) fn require_event(&self, event: MessageName, category: &str) -> Result<(), Error> {
        let mut of_aggregates = self.aggregates.iter();
        let mut from_outside = self.outside_events.iter();

        if of_aggregates.any(|entry| entry.category == category && is_listed(entry.events, event))
            || from_outside.any(|(outside, names)| *outside == category && is_listed(names, event))
        {
            return Ok(());
        }

        Err(Error::setup(
            match self
                .aggregates
                .iter()
                .find(|entry| entry.category == category)
            {
                Some(entry) => format!(
                    "the event `{event}` is not registered: list it in `#[aggregate(.., events({event}))]` of `{}`",
                    entry.name
                ),
                None => format!(
                    "the event `{event}` is not registered: no aggregate of the domain has the category `{category}`; \
                 add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<{event}>()`"
                ),
            },
        ))
    }
}

fn not_registered_error(kind: TableKind, name: &str) -> Error {
    let method = match kind {
        TableKind::Projection => "projection",
        TableKind::ProcessManager => "process_manager",
        _ => "aggregate",
    };

    Error::setup(format!(
        "the {kind} `{name}` is not registered: add `.{method}::<{name}>()` to the domain"
    ))
}

/// Packs what tells most names apart into a number, which is compared at once; names that are alike in
/// it are compared in full.
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

impl fmt::Debug for AggregateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{CommandRoute, EventRoute, Ports, Subscription, load_aggregate, short_type_name},
    message::{MessageName, MessageType, NameList, Payload, Recorded, StreamName, is_listed},
    model::{Aggregate, Projection},
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
    pub(crate) outside_events: Vec<(&'static str, NameList)>,
    /// In order of registration.
    pub(crate) commands: Vec<CommandRoute>,
    /// In order of registration, which is the order of delivery.
    pub(crate) subscriptions: Vec<Subscription>,
    /// Invariant: sorted; after the key of its event, each has the place of a route in `subscriptions`
    /// and in the routes of one.
    pub(crate) event_index: Vec<(u64, usize, usize)>,
}

/// An aggregate of the domain, without its Rust type.
#[derive(Clone)]
pub(crate) struct AggregateEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) category: &'static str,
    pub(crate) commands: NameList,
    pub(crate) events: NameList,
    pub(crate) event_sourced: bool,
    load: LoadAggregate,
}

/// Loads the aggregate of a stream and writes its state down.
type LoadAggregate =
    fn(Arc<Ports>, StreamName) -> BoxFuture<'static, Result<Option<Payload>, Error>>;

/// A projection of the domain, without its Rust type.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
}

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
        }
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
        }
    }
}

impl Catalog {
    /// Builds the index of events; the routes are complete from here on.
    pub(crate) fn index(&mut self) {
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
    }

    pub(crate) fn command_route(
        &self,
        command: MessageName,
        category: &str,
    ) -> Option<&CommandRoute> {
        let mut routes = self.commands.iter();
        routes.find(|route| route.command == command && route.category == category)
    }

    /// Returns true if a command of this name has a handler, whatever its category.
    pub(crate) fn handles(&self, command: MessageName) -> bool {
        self.commands.iter().any(|route| route.command == command)
    }

    /// Returns who handles `event`, in order of registration, with the place of each.
    pub(crate) fn routes_of<'a>(
        &'a self,
        event: &'a Recorded,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let message_type = &event.metadata().message_type;
        let wanted = sort_key(message_type.name(), message_type.version());
        let start = self.event_index.partition_point(|(key, ..)| *key < wanted);
        self.event_index[start..]
            .iter()
            .take_while(move |(key, ..)| *key == wanted)
            .map(|(_, place, idx)| (*place, *idx))
            .filter(|(place, idx)| {
                let category = event.stream().category();
                let subscription = &self.subscriptions[*place];
                let route = &subscription.routes[*idx];
                message_type.is(route.event.name)
                    && route.category == category
                    && subscription.reads(category)
            })
    }

    pub(crate) fn route(&self, place: usize, idx: usize) -> (&Subscription, &EventRoute) {
        let subscription = &self.subscriptions[place];
        (subscription, &subscription.routes[idx])
    }

    pub(crate) fn message_type(&self, name: MessageName) -> MessageType {
        MessageType::new(&self.domain, name)
    }

    pub(crate) fn require_aggregate<A: Aggregate>(&self) -> Result<(), Error> {
        self.require(
            TableKind::Aggregate,
            TypeId::of::<A>(),
            short_type_name::<A>(),
        )
    }

    pub(crate) fn require_projection<P: Projection>(&self) -> Result<(), Error> {
        self.require(
            TableKind::Projection,
            TypeId::of::<P>(),
            short_type_name::<P>(),
        )
    }

    /// Returns an error, saying what to write, unless what is kept so is registered.
    pub(crate) fn require(
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
        Err(not_registered(kind, name))
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
        Err(not_registered(TableKind::Aggregate, name))
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

fn not_registered(kind: TableKind, name: &str) -> Error {
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

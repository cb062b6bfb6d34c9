use serde::Serialize;

use crate::{
    handler::{AggregateEntry, Catalog, EventRoute, Subscription},
    message::{MessageLabels, MessageName, MessageSchema, SchemaLists},
    model::Aggregate,
    record::HandlerKind,
    wiring::{
        catch_all::catch_all_events,
        handlers::{HandlerWiring, handlers},
    },
};

/// The wiring of a domain as data: which handlers receive which messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wiring {
    /// The name of the domain.
    pub domain: String,
    /// The aggregates, in order of registration.
    pub aggregates: Vec<AggregateWiring>,
    /// The events that come from outside.
    pub events_from_outside: Vec<String>,
    /// The projections, in order of registration.
    pub projections: Vec<&'static str>,
    /// The commands that are handled, one entry each.
    pub commands: Vec<CommandWiring>,
    /// The events that are handled, one entry for each handler and event, in order of delivery.
    ///
    /// A handler with a catch-all route has an entry for each event that the domain knows.
    pub subscriptions: Vec<SubscriptionWiring>,
    /// The subscriptions of the handlers, in order of registration. Command handlers come last.
    pub handlers: Vec<HandlerWiring>,
    /// How texts name the messages.
    #[doc(hidden)]
    #[serde(skip)]
    pub labels: MessageLabels,
}

/// An aggregate with its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AggregateWiring {
    /// The name of the aggregate.
    pub name: &'static str,
    /// The category of its streams.
    pub category: &'static str,
    /// Whether its state is folded from its events.
    pub event_sourced: bool,
    /// The commands that it accepts.
    pub commands: Vec<String>,
    /// The events that it raises.
    pub events: Vec<String>,
}

/// A command and its handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CommandWiring {
    /// The command.
    pub command: String,
    /// The category of its aggregate.
    pub category: &'static str,
    /// The handler.
    pub handler: &'static str,
    /// The events that the handler declares to raise.
    pub raises: Vec<String>,
    /// The commands that the handler declares to issue.
    pub issues: Vec<String>,
}

/// An event and one of its handlers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SubscriptionWiring {
    /// The event.
    pub event: String,
    /// The name and the version of the event, which `event` has as one text.
    #[serde(skip)]
    pub event_name: MessageName,
    /// The category of its streams.
    pub category: &'static str,
    /// The handler.
    pub handler: &'static str,
    /// The kind of the handler.
    pub kind: HandlerKind,
    /// The projection that the handler maintains, if it is a projector.
    pub projection: Option<&'static str>,
    /// The field by which the event finds its process manager, if the handler is one.
    pub key: Option<&'static str>,
    /// Whether the event may start the process manager.
    pub starts: bool,
    /// The events that the handler declares to raise.
    pub raises: Vec<String>,
    /// The commands that the handler declares to issue.
    pub issues: Vec<String>,
}

impl Wiring {
    /// Returns the types whose values are stored: aggregates, process managers and projections.
    ///
    /// An event-sourced aggregate is not stored, only its events are.
    #[doc(hidden)]
    pub fn stored_types(&self) -> Vec<&'static str> {
        let aggregates = self.aggregates.iter().filter(|entry| !entry.event_sourced);
        let managers = self
            .handlers
            .iter()
            .filter(|handler| handler.kind == HandlerKind::ProcessManager);

        aggregates
            .map(|entry| entry.name)
            .chain(managers.map(|handler| handler.handler))
            .chain(self.projections.iter().copied())
            .collect()
    }

    /// Returns the wiring of one aggregate that no handler uses.
    #[doc(hidden)]
    pub fn of_aggregate<A: Aggregate>() -> Self {
        let entry = AggregateEntry::of::<A>(None);
        let labels = entry.messages().into_iter().collect();

        Self {
            aggregates: vec![aggregate_wiring(&entry, &labels)],
            labels,
            ..Self::unknown("")
        }
    }

    /// Returns the wiring of a system of which only the name is known.
    #[doc(hidden)]
    pub fn unknown(system: &str) -> Self {
        Self {
            domain: system.to_owned(),
            aggregates: Vec::new(),
            events_from_outside: Vec::new(),
            projections: Vec::new(),
            commands: Vec::new(),
            subscriptions: Vec::new(),
            handlers: Vec::new(),
            labels: MessageLabels::default(),
        }
    }
}

pub(super) fn wiring(domain: &str, catalog: &Catalog) -> Wiring {
    Wiring {
        domain: domain.to_owned(),
        aggregates: aggregates(catalog),
        events_from_outside: catalog
            .outside_events
            .iter()
            .flat_map(|(_, events)| message_names(events, &catalog.labels))
            .collect(),
        projections: catalog.projections.iter().map(|entry| entry.name).collect(),
        commands: commands(catalog),
        subscriptions: subscriptions(catalog),
        handlers: handlers(catalog),
        labels: catalog.labels.clone(),
    }
}

fn message_names(lists: SchemaLists, labels: &MessageLabels) -> Vec<String> {
    lists
        .iter()
        .copied()
        .flatten()
        .map(|schema| labels.label(schema.category, schema.name).into_owned())
        .collect()
}

fn aggregates(catalog: &Catalog) -> Vec<AggregateWiring> {
    catalog
        .aggregates
        .iter()
        .map(|entry| aggregate_wiring(entry, &catalog.labels))
        .collect()
}

fn aggregate_wiring(entry: &AggregateEntry, labels: &MessageLabels) -> AggregateWiring {
    AggregateWiring {
        name: entry.name,
        category: entry.category,
        event_sourced: entry.event_sourced,
        commands: message_names(entry.commands, labels),
        events: message_names(entry.events, labels),
    }
}

fn commands(catalog: &Catalog) -> Vec<CommandWiring> {
    catalog
        .commands
        .iter()
        .map(|route| CommandWiring {
            command: catalog
                .labels
                .label(route.category, route.command)
                .into_owned(),
            category: route.category,
            handler: route.handler,
            raises: message_names(route.declaration.raises, &catalog.labels),
            issues: message_names(route.declaration.issues, &catalog.labels),
        })
        .collect()
}

fn subscriptions(catalog: &Catalog) -> Vec<SubscriptionWiring> {
    let mut edges = Vec::new();
    for subscription in &catalog.subscriptions {
        for route in &subscription.routes {
            edges.push(edge(
                catalog,
                subscription,
                route,
                (route.event, route.category),
            ));
        }

        if let Some(route) = &subscription.catch_all {
            for (event, category) in catch_all_events(catalog, subscription) {
                edges.push(edge(catalog, subscription, route, (event, category)));
            }
        }
    }

    edges
}

fn edge(
    catalog: &Catalog,
    subscription: &Subscription,
    route: &EventRoute,
    (event, category): (&MessageSchema, &'static str),
) -> SubscriptionWiring {
    SubscriptionWiring {
        event: catalog.labels.label(category, event.name).into_owned(),
        event_name: event.name,
        category,
        handler: subscription.handler,
        kind: subscription.kind,
        projection: subscription.projection.map(|(name, _)| name),
        key: route.declaration.key,
        starts: route.declaration.starts,
        raises: message_names(route.declaration.raises, &catalog.labels),
        issues: message_names(route.declaration.issues, &catalog.labels),
    }
}

//! Events that may reach a process manager before it is started.

use crate::{
    handler::{Catalog, EventRoute, Subscription},
    message::{MessageSchema, SchemaLists},
    record::HandlerKind,
    wiring::WiringWarning,
};

/// Returns a warning for each event that another stream may deliver before the start of its instance.
pub(super) fn early_events(catalog: &Catalog) -> Vec<WiringWarning> {
    catalog
        .subscriptions
        .iter()
        .filter(|subscription| subscription.kind == HandlerKind::ProcessManager)
        .flat_map(|manager| early_events_of(manager, catalog))
        .collect()
}

fn early_events_of(manager: &Subscription, catalog: &Catalog) -> Vec<WiringWarning> {
    let (starts, others): (Vec<&EventRoute>, Vec<&EventRoute>) = manager
        .routes
        .iter()
        .partition(|route| route.declaration.starts);
    let label = |route: &EventRoute| {
        catalog
            .labels
            .label(route.category, route.event.name)
            .into_owned()
    };

    others
        .into_iter()
        .filter(|route| !starts.iter().any(|start| are_of_one_stream(start, route)))
        .filter(|route| !is_answer(route, manager, catalog))
        .map(|route| WiringWarning::EventBeforeStart {
            process_manager: manager.handler.to_owned(),
            event: label(route),
            starts: starts.iter().map(|start| label(start)).collect(),
        })
        .collect()
}

/// Returns true if two events with the same key are surely of one stream: the key is its id.
fn are_of_one_stream(first: &EventRoute, second: &EventRoute) -> bool {
    let has_id_as_key = |route: &EventRoute| {
        route.declaration.key.is_some() && route.declaration.key == route.event.id
    };

    first.category == second.category && has_id_as_key(first) && has_id_as_key(second)
}

/// Returns true if only the process manager brings the event about, as far as handlers declare it.
///
/// It raises the event itself, or it issues the commands whose handlers raise it. It was started before
/// it did so.
fn is_answer(route: &EventRoute, manager: &Subscription, catalog: &Catalog) -> bool {
    let comes_from_outside = catalog
        .outside_events
        .iter()
        .any(|(_, schemas)| has_message(schemas, route.event));
    let mut command_producers = catalog
        .commands
        .iter()
        .filter(|producer| has_message(producer.declaration.raises, route.event))
        .peekable();
    let mut event_producers = catalog
        .subscriptions
        .iter()
        .flat_map(|subscription| {
            subscription
                .all_routes()
                .map(move |route| (subscription, route))
        })
        .filter(|(_, producer)| has_message(producer.declaration.raises, route.event))
        .peekable();

    let has_producer = command_producers.peek().is_some() || event_producers.peek().is_some();
    has_producer
        && !comes_from_outside
        && event_producers.all(|(subscription, _)| is_same(subscription, manager))
        && command_producers.all(|producer| {
            let is_command = |schema: &MessageSchema| {
                (schema.name, schema.category) == (producer.command, producer.category)
            };
            is_issued_only_by(manager, catalog, is_command)
        })
}

/// Returns true if routes declare to issue the command, and all of them belong to `manager`.
fn is_issued_only_by(
    manager: &Subscription,
    catalog: &Catalog,
    is_command: impl Fn(&MessageSchema) -> bool,
) -> bool {
    let issues = |lists: SchemaLists| lists.iter().copied().flatten().any(&is_command);
    let by_commands = catalog
        .commands
        .iter()
        .any(|route| issues(route.declaration.issues));
    let mut by_events = catalog
        .subscriptions
        .iter()
        .filter(|subscription| {
            subscription
                .all_routes()
                .any(|route| issues(route.declaration.issues))
        })
        .peekable();

    !by_commands
        && by_events.peek().is_some()
        && by_events.all(|subscription| is_same(subscription, manager))
}

fn is_same(left: &Subscription, right: &Subscription) -> bool {
    left.handler_type == right.handler_type
}

fn has_message(lists: SchemaLists, message: &MessageSchema) -> bool {
    lists
        .iter()
        .copied()
        .flatten()
        .any(|schema| (schema.name, schema.category) == (message.name, message.category))
}

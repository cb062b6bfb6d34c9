use std::collections::VecDeque;

use crate::{
    handler::{Catalog, RouteDeclaration},
    message::{MessageName, MessageSchema},
    wiring::catch_all::catch_all_events,
};

/// A message: two aggregates may have messages of the same name.
type MessageKey = (MessageName, &'static str);

/// One step of the graph of messages: a message, its handler, and what that one says it causes.
struct Node {
    message: MessageKey,
    handler: &'static str,
    effects: Vec<MessageKey>,
}

/// Finds cycles through what handlers say they raise and issue.
///
/// A cycle is told from its first message in the alphabet, as message, handler, message, and so on.
/// Of those that begin with the same step the shortest is told: there can be more of them than anybody
/// could count.
pub(super) fn cycles(catalog: &Catalog) -> Vec<Vec<String>> {
    let steps = nodes(catalog);
    let mut found: Vec<Vec<String>> = (0..steps.len())
        .filter_map(|start| shortest_cycle(&steps, start))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn nodes(catalog: &Catalog) -> Vec<Node> {
    let commands = catalog.commands.iter().map(|route| Node {
        message: (route.command, route.category),
        handler: route.handler,
        effects: declared_effects(catalog, &route.declaration, route.category),
    });

    let events = catalog.subscriptions.iter().flat_map(|subscription| {
        let named = subscription.routes.iter();
        let named = named.map(|route| (route, route.event, route.category));
        let taken = subscription
            .catch_all
            .as_deref()
            .into_iter()
            .flat_map(|route| {
                catch_all_events(catalog, subscription)
                    .into_iter()
                    .map(move |(event, category)| (route, event, category))
            });

        named.chain(taken).map(|(route, event, category)| Node {
            message: (event.name, category),
            handler: subscription.handler,
            effects: declared_effects(catalog, &route.declaration, category),
        })
    });

    commands.chain(events).collect()
}

/// What a route of a message of the category `own` says that it causes.
fn declared_effects(catalog: &Catalog, declared: &RouteDeclaration, own: &str) -> Vec<MessageKey> {
    let schemas = declared.raises.iter().chain(declared.issues);
    let schemas = schemas.copied().flatten();
    schemas
        .flat_map(|one| matching_messages(catalog, one, own))
        .collect()
}

/// The messages that a schema may be. It does not say its category: if several have one like it, it is
/// that of the same category.
fn matching_messages(catalog: &Catalog, schema: &MessageSchema, own: &str) -> Vec<MessageKey> {
    let of_aggregates = catalog.aggregates.iter().flat_map(|entry| {
        entry
            .commands
            .iter()
            .chain(entry.events)
            .map(|list| (*list, entry.category))
    });
    let outside = catalog.outside_events.iter();
    let outside = outside.flat_map(|(of, lists)| lists.iter().map(|list| (*list, *of)));
    let alike: Vec<MessageKey> = of_aggregates
        .chain(outside)
        .filter(|(list, _)| list.contains(schema))
        .map(|(_, category)| (schema.name, category))
        .collect();

    match alike.iter().find(|(_, category)| *category == own) {
        Some(own) => vec![*own],
        None => alike,
    }
}

/// Finds the shortest way from a step back to it, among messages that are not before its own.
fn shortest_cycle(steps: &[Node], start: usize) -> Option<Vec<String>> {
    let first = steps[start].message;
    let mut came_from: Vec<Option<usize>> = vec![None; steps.len()];
    let mut waiting = VecDeque::from([start]);

    while let Some(idx) = waiting.pop_front() {
        let causes = &steps[idx].effects;
        if causes.contains(&first) {
            return Some(cycle_path(steps, &came_from, idx));
        }

        for (next, step) in steps.iter().enumerate() {
            // What leads back to the start was seen above, so that this is never the start itself.
            if came_from[next].is_none() && first < step.message && causes.contains(&step.message) {
                came_from[next] = Some(idx);
                waiting.push_back(next);
            }
        }
    }

    None
}

fn cycle_path(steps: &[Node], came_from: &[Option<usize>], last: usize) -> Vec<String> {
    let mut path: Vec<&Node> = std::iter::successors(Some(last), |idx| came_from[*idx])
        .map(|idx| &steps[idx])
        .collect();
    path.reverse();
    let names = path
        .iter()
        .flat_map(|step| [step.message.0.to_string(), step.handler.to_owned()]);

    names.collect()
}

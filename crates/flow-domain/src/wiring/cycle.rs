use std::collections::VecDeque;

use crate::{
    handler::{Catalog, RouteDeclaration},
    message::{MessageLabels, MessageName},
    wiring::catch_all::catch_all_events,
};

/// A message and its category, because two aggregates may have messages with the same name.
type MessageKey = (MessageName, &'static str);

/// One node of the message graph: a message, its handler, and the messages that the handler
/// declares.
struct Node {
    message: MessageKey,
    handler: &'static str,
    effects: Vec<MessageKey>,
}

/// Finds cycles through the messages that handlers declare to raise and issue.
///
/// A cycle begins with its first message in alphabetical order: message, handler, message, and so
/// on. Of all cycles that begin with the same node, only the shortest is returned. The number of
/// all cycles can grow exponentially.
pub(super) fn cycles(catalog: &Catalog) -> Vec<Vec<String>> {
    let nodes = nodes(catalog);
    let mut cycles: Vec<Vec<String>> = (0..nodes.len())
        .filter_map(|start| shortest_cycle(&nodes, start, &catalog.labels))
        .collect();

    cycles.sort();
    cycles.dedup();
    cycles
}

fn nodes(catalog: &Catalog) -> Vec<Node> {
    let commands = catalog.commands.iter().map(|route| Node {
        message: (route.command, route.category),
        handler: route.handler,
        effects: declared_effects(&route.declaration),
    });

    let events = catalog.subscriptions.iter().flat_map(|subscription| {
        let named = subscription
            .routes
            .iter()
            .map(|route| (route, route.event, route.category));
        let caught = subscription
            .catch_all
            .as_deref()
            .into_iter()
            .flat_map(|route| {
                catch_all_events(catalog, subscription)
                    .into_iter()
                    .map(move |(event, category)| (route, event, category))
            });

        named.chain(caught).map(|(route, event, category)| Node {
            message: (event.name, category),
            handler: subscription.handler,
            effects: declared_effects(&route.declaration),
        })
    });

    commands.chain(events).collect()
}

/// Returns the messages that a route declares to raise and issue.
fn declared_effects(declaration: &RouteDeclaration) -> Vec<MessageKey> {
    declaration
        .raises
        .iter()
        .chain(declaration.issues)
        .copied()
        .flatten()
        .map(|schema| (schema.name, schema.category))
        .collect()
}

/// Finds the shortest path from a node back to itself (breadth-first search).
///
/// The path has only messages that are alphabetically after the first. So a cycle is found only
/// from its first message in alphabetical order.
fn shortest_cycle(nodes: &[Node], start: usize, labels: &MessageLabels) -> Option<Vec<String>> {
    let first = nodes[start].message;
    let mut came_from: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut queue = VecDeque::from([start]);

    while let Some(idx) = queue.pop_front() {
        let effects = &nodes[idx].effects;
        if effects.contains(&first) {
            return Some(cycle_path(nodes, &came_from, idx, labels));
        }

        for (next, node) in nodes.iter().enumerate() {
            // `<` excludes the start itself, so it never gets a predecessor.
            if came_from[next].is_none() && first < node.message && effects.contains(&node.message)
            {
                came_from[next] = Some(idx);
                queue.push_back(next);
            }
        }
    }

    None
}

fn cycle_path(
    nodes: &[Node],
    came_from: &[Option<usize>],
    last: usize,
    labels: &MessageLabels,
) -> Vec<String> {
    let mut path: Vec<&Node> = std::iter::successors(Some(last), |idx| came_from[*idx])
        .map(|idx| &nodes[idx])
        .collect();
    path.reverse();

    path.iter()
        .flat_map(|node| {
            let (name, category) = node.message;
            [
                labels.label(category, name).into_owned(),
                node.handler.to_owned(),
            ]
        })
        .collect()
}

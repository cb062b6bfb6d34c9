use flow_domain::{Event, record::EntryKind, wiring::Wiring};

use crate::{expect::messages::type_name, outcome::Outcome, value::matches_type};

/// Returns a warning if no handler declares that it raises `E`. Expecting no `E` then always
/// passes.
///
/// Only declarations show what a handler raises, and they may be incomplete. So the warning is
/// given only if every command route of the domain declares its effects. An event handler that
/// declares nothing then most likely has no effects.
pub(super) fn never_raised_warning<E: Event>(outcome: &Outcome) -> Option<String> {
    let labels = outcome.record().labels();
    let schema_names = || {
        let schemas = E::SCHEMAS.iter();
        schemas.map(|schema| labels.label(schema.category, schema.name))
    };
    let wiring = outcome.system().wiring();
    let is_declared =
        declared_events(wiring).any(|event| schema_names().any(|name| *event == name));
    if is_declared || !declares_effects(wiring) || was_raised::<E>(outcome) {
        return None;
    }

    let is_external = schema_names().any(|name| wiring.events_from_outside.contains(&name));
    let origin = if is_external {
        " (the event comes from outside the domain)"
    } else {
        ""
    };
    let (name, event) = (type_name::<E>(labels), E::NAME);
    Some(format!(
        "no handler declares that it raises {name}{origin}, so this expectation probably always passes. \
         If a handler raises it, declare it in the routes: `.raises::<{event}>()`"
    ))
}

/// Returns the events that the routes of the domain declare.
fn declared_events(wiring: &Wiring) -> impl Iterator<Item = &String> {
    let by_commands = wiring.commands.iter().flat_map(|route| &route.raises);
    let by_events = wiring.subscriptions.iter().flat_map(|route| &route.raises);
    by_commands.chain(by_events)
}

/// Returns true if every command route declares an effect, and some route declares an event.
fn declares_effects(wiring: &Wiring) -> bool {
    wiring
        .commands
        .iter()
        .all(|route| !route.raises.is_empty() || !route.issues.is_empty())
        && declared_events(wiring).next().is_some()
}

/// Returns true if a handler raised `E` in this run, given steps included.
///
/// The expectation can then fail, although no route declares the event.
fn was_raised<E: Event>(outcome: &Outcome) -> bool {
    outcome
        .record()
        .entries()
        .iter()
        .any(|entry| matches!(&entry.kind, EntryKind::Raised(event) if matches_type::<E>(event)))
}

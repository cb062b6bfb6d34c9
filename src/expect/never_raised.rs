use flow_domain::{Event, record::EntryKind, wiring::Wiring};

use crate::{expect::matches_type, run::Outcome};

/// Says that no handler can raise an `E`, as far as the routes tell; that none was raised is true then
/// whatever happens.
///
/// What a method raises is not seen from outside. It is believed only where every command of the domain
/// says what it causes: there a handler of events that says nothing has mostly nothing to say.
pub(super) fn never_raised_warning<E: Event>(outcome: &Outcome) -> Option<String> {
    let names = || E::SCHEMAS.iter().map(|schema| schema.name.to_string());
    let wiring = outcome.system().wiring();
    let says_it = declared_events(wiring).any(|raised| names().any(|name| *raised == name));

    if says_it || !declares_effects(wiring) || was_raised::<E>(outcome) {
        return None;
    }

    let is_outside = names().any(|name| wiring.events_from_outside.contains(&name));
    let from = if is_outside {
        ", for it comes from outside"
    } else {
        ""
    };
    let event = E::NAME;

    Some(format!(
        "no handler says that it raises {event}{from}: that there is none is so whatever happens. \
         If a handler does raise it, its routes say so with `.raises::<{event}>()`"
    ))
}

fn declared_events(wiring: &Wiring) -> impl Iterator<Item = &String> {
    let by_commands = wiring.commands.iter().flat_map(|route| &route.raises);
    let by_events = wiring.subscriptions.iter().flat_map(|route| &route.raises);
    by_commands.chain(by_events)
}

fn declares_effects(wiring: &Wiring) -> bool {
    let mut commands = wiring.commands.iter();
    let says = |raises: &[String], issues: &[String]| !raises.is_empty() || !issues.is_empty();
    commands.all(|route| says(&route.raises, &route.issues))
        && declared_events(wiring).next().is_some()
}

/// Whether it was raised in what is given: then some handler can.
fn was_raised<E: Event>(outcome: &Outcome) -> bool {
    outcome
        .record()
        .entries()
        .iter()
        .any(|entry| matches!(&entry.kind, EntryKind::Raised(event) if matches_type::<E>(event)))
}

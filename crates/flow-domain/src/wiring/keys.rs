use std::fmt;

use crate::{
    handler::{EventRoute, Subscription},
    message::{FieldSchema, IdKind},
    wiring::{WiringMistake, nearest},
};

/// Advice for events that do not carry the key of their process manager.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum KeyAdvice {
    /// All events of the process manager carry the same other field. Make that field the key.
    Key { field: String },
    /// Name another field in `start_by` (if `starts`) or in `event_by`. `field` is the most similar
    /// one; if it is `None`, add the key to the event.
    Field { starts: bool, field: Option<String> },
    /// Only some variants of an enum carry the key. Handle a smaller enum with only those.
    SmallerEnum {
        starts: bool,
        event_enum: &'static str,
    },
}

impl fmt::Display for KeyAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { field } => write!(
                f,
                "did you mean `{field}`? write `const KEY: &'static str = \"{field}\"`"
            ),
            Self::Field {
                starts,
                field: Some(field),
            } => write!(
                f,
                "did you mean `{field}`? write `on.{}(\"{field}\", Self::the_method)`",
                route_method(*starts)
            ),
            Self::Field {
                starts,
                field: None,
            } => write!(
                f,
                "add the field, or name one that holds the key: `on.{}(\"..\", Self::the_method)`",
                route_method(*starts)
            ),
            Self::SmallerEnum { starts, event_enum } => write!(
                f,
                "handle a smaller enum than `{event_enum}`, of the variants that have the field, \
                 or name a field of all variants: `on.{}(\"..\", Self::the_method)`",
                route_method(*starts)
            ),
        }
    }
}

fn route_method(starts: bool) -> &'static str {
    if starts { "start_by" } else { "event_by" }
}

/// Finds the events that do not carry the key of their process manager, or whose key is not an id.
/// Returns one mistake for each method.
pub(super) fn wrong_keys(manager: &Subscription) -> Vec<WiringMistake> {
    let mut mistakes = missing_keys(manager);
    mistakes.extend(keys_without_id(manager));
    mistakes
}

fn missing_keys(manager: &Subscription) -> Vec<WiringMistake> {
    let routes = &manager.routes;
    if routes.iter().all(carries_key) {
        return Vec::new();
    }

    if let Some(mistake) = wrong_key_mistake(manager) {
        return vec![mistake];
    }

    // A method whose event is an enum has one route for each variant, but gets one mistake.
    let is_first_of_method = |idx: usize, route: &EventRoute| {
        !routes[..idx]
            .iter()
            .any(|earlier| !carries_key(earlier) && is_same_method(earlier, route))
    };
    routes
        .iter()
        .enumerate()
        .filter(|(idx, route)| !carries_key(route) && is_first_of_method(*idx, route))
        .filter_map(|(_, route)| missing_key_of_method(manager, route))
        .collect()
}

/// Finds the keys that the events carry, but whose types are not ids.
fn keys_without_id(manager: &Subscription) -> Vec<WiringMistake> {
    let mut mistakes: Vec<(&'static str, Vec<String>)> = Vec::new();
    for route in &manager.routes {
        let Some(field) = key_field(route).filter(|field| field.id_kind == IdKind::NotAnId) else {
            continue;
        };
        let event = route.event.name.to_string();
        match mistakes.iter_mut().find(|(key, _)| *key == field.name) {
            Some((_, events)) => events.push(event),
            None => mistakes.push((field.name, vec![event])),
        }
    }

    mistakes
        .into_iter()
        .map(|(key, events)| WiringMistake::KeyIsNotAnId {
            process_manager: manager.handler,
            key,
            events,
        })
        .collect()
}

fn carries_key(route: &EventRoute) -> bool {
    route.declaration.key.is_none() || key_field(route).is_some()
}

/// Returns the field of the event that has the key.
fn key_field(route: &EventRoute) -> Option<&'static FieldSchema> {
    let key = route.declaration.key?;
    route.event.fields.iter().find(|field| field.name == key)
}

fn is_same_method(left: &EventRoute, right: &EventRoute) -> bool {
    (left.type_name, left.category) == (right.type_name, right.category)
        && (left.declaration.key, left.declaration.starts)
            == (right.declaration.key, right.declaration.starts)
}

/// Returns a mistake if no event carries the key, but all carry another field that fits.
///
/// In this case the key itself is wrong, not its events.
fn wrong_key_mistake(manager: &Subscription) -> Option<WiringMistake> {
    let routes: Vec<&EventRoute> = manager.routes.iter().collect();
    let key = routes.first()?.declaration.key?;
    let lacks_key = |route: &&EventRoute| route.declaration.key == Some(key) && !carries_key(route);
    if !routes.iter().all(lacks_key) {
        return None;
    }

    let field = likely_field(key, &shared_fields(&routes))?;
    let advice = KeyAdvice::Key { field };
    Some(key_mistake(manager, key, &routes, advice))
}

/// Returns the mistake of the method that has this route. The event of the method may be an enum.
fn missing_key_of_method(manager: &Subscription, route: &EventRoute) -> Option<WiringMistake> {
    let key = route.declaration.key?;
    let starts = route.declaration.starts;
    let variants: Vec<&EventRoute> = manager
        .routes
        .iter()
        .filter(|other| is_same_method(other, route))
        .collect();
    let routes_without_key: Vec<&EventRoute> = variants
        .iter()
        .filter(|variant| !carries_key(variant))
        .copied()
        .collect();

    let field = nearest(key, shared_fields(&variants)).map(str::to_owned);
    let advice = match field {
        None if routes_without_key.len() < variants.len() => KeyAdvice::SmallerEnum {
            starts,
            event_enum: route.type_name,
        },
        field => KeyAdvice::Field { starts, field },
    };

    Some(key_mistake(manager, key, &routes_without_key, advice))
}

fn key_mistake(
    manager: &Subscription,
    key: &'static str,
    routes_without_key: &[&EventRoute],
    advice: KeyAdvice,
) -> WiringMistake {
    WiringMistake::KeyNotCarried {
        process_manager: manager.handler,
        key,
        events: routes_without_key
            .iter()
            .map(|route| route.event.name.to_string())
            .collect(),
        advice,
    }
}

/// Returns the ids that the events of all these routes have.
fn shared_fields(routes: &[&EventRoute]) -> Vec<&'static str> {
    let Some((first, others)) = routes.split_first() else {
        return Vec::new();
    };

    let is_id_in_all = |field: &&FieldSchema| {
        field.id_kind != IdKind::NotAnId
            && others.iter().all(|other| {
                other
                    .event
                    .fields
                    .iter()
                    .any(|same| same.name == field.name && same.id_kind != IdKind::NotAnId)
            })
    };
    first
        .event
        .fields
        .iter()
        .filter(is_id_in_all)
        .map(|field| field.name)
        .collect()
}

/// Returns the field that is similar to `key`, or else the only field that looks like an id.
fn likely_field(key: &str, fields: &[&'static str]) -> Option<String> {
    let mut ids = fields.iter().copied().filter(|name| name.ends_with("_id"));
    let only_id = ids.next().filter(|_| ids.next().is_none());

    nearest(key, fields.iter().copied())
        .or(only_id)
        .map(str::to_owned)
}

use std::fmt;

use crate::{
    handler::{EventRoute, Subscription},
    wiring::{WiringMistake, nearest},
};

/// What to do about events that do not carry the key of their process manager.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum KeyAdvice {
    /// All its events carry another field: make that the key.
    Key { field: String },
    /// Name the field of this method; or add it, if none is like the key.
    Field { starts: bool, field: Option<String> },
    /// Some variants of an enum carry it: handle an enum of only those.
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
            Self::SmallerEnum {
                starts,
                event_enum: of,
            } => write!(
                f,
                "handle a smaller enum than `{of}`, with only the variants that carry it, \
                 or name a field that all of them carry: `on.{}(\"..\", Self::the_method)`",
                route_method(*starts)
            ),
        }
    }
}

fn route_method(starts: bool) -> &'static str {
    if starts { "start_by" } else { "event_by" }
}

/// Finds the events that do not carry the field by which they should find their process manager, each
/// method once.
pub(super) fn missing_keys(manager: &Subscription) -> Vec<WiringMistake> {
    let routes = &manager.routes;
    if routes.iter().all(carries_key) {
        return Vec::new();
    }

    if let Some(mistake) = wrong_key_mistake(manager) {
        return vec![mistake];
    }

    let lacking = routes
        .iter()
        .enumerate()
        .filter(|(_, one)| !carries_key(one));

    lacking
        .filter(|(idx, one)| {
            let mut earlier = routes[..*idx].iter();
            !earlier.any(|earlier| !carries_key(earlier) && is_same_method(earlier, one))
        })
        .filter_map(|(_, one)| missing_key_of_method(manager, one))
        .collect()
}

fn carries_key(route: &EventRoute) -> bool {
    let key = route.declaration.key;
    key.is_none_or(|key| route.event.fields.contains(&key))
}

fn is_same_method(one: &EventRoute, other: &EventRoute) -> bool {
    (one.type_name, one.category) == (other.type_name, other.category)
        && (one.declaration.key, one.declaration.starts)
            == (other.declaration.key, other.declaration.starts)
}

/// All its events lack the one key, and carry another field instead: it is the key that is wrong.
fn wrong_key_mistake(manager: &Subscription) -> Option<WiringMistake> {
    let routes: Vec<&EventRoute> = manager.routes.iter().collect();
    let key = routes.first()?.declaration.key?;
    let lacks_it = |one: &&EventRoute| one.declaration.key == Some(key) && !carries_key(one);

    if !routes.iter().all(lacks_it) {
        return None;
    }

    let field = likely_field(key, &shared_fields(&routes))?;
    let advice = KeyAdvice::Key { field };

    Some(key_mistake(manager, key, &routes, advice))
}

/// What is to be done about one method, whose event may be an enum.
fn missing_key_of_method(manager: &Subscription, route: &EventRoute) -> Option<WiringMistake> {
    let key = route.declaration.key?;
    let starts = route.declaration.starts;
    let routes = manager.routes.iter();
    let family: Vec<&EventRoute> = routes.filter(|one| is_same_method(one, route)).collect();
    let lacking: Vec<&EventRoute> = family
        .iter()
        .filter(|one| !carries_key(one))
        .copied()
        .collect();
    let field = nearest(key, shared_fields(&family)).map(str::to_owned);
    let advice = match field {
        None if lacking.len() < family.len() => KeyAdvice::SmallerEnum {
            starts,
            event_enum: route.type_name,
        },
        field => KeyAdvice::Field { starts, field },
    };

    Some(key_mistake(manager, key, &lacking, advice))
}

fn key_mistake(
    manager: &Subscription,
    key: &'static str,
    lacking: &[&EventRoute],
    advice: KeyAdvice,
) -> WiringMistake {
    WiringMistake::KeyNotCarried {
        process_manager: manager.handler,
        key,
        events: lacking
            .iter()
            .map(|one| one.event.name.to_string())
            .collect(),
        advice,
    }
}

fn shared_fields(routes: &[&EventRoute]) -> Vec<&'static str> {
    let Some((first, others)) = routes.split_first() else {
        return Vec::new();
    };

    let fields = first.event.fields.iter().copied();
    fields
        .filter(|field| {
            others
                .iter()
                .all(|other| other.event.fields.contains(field))
        })
        .collect()
}

/// The field that is like `key`, or else the only one that looks like an id.
fn likely_field(key: &str, fields: &[&'static str]) -> Option<String> {
    let mut ids = fields.iter().copied().filter(|name| name.ends_with("_id"));
    let only = ids.next().filter(|_| ids.next().is_none());
    nearest(key, fields.iter().copied())
        .or(only)
        .map(str::to_owned)
}

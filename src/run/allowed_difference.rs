use std::{fmt, sync::Arc};

use flow_domain::{message::StreamName, record::Table};

/// What one value of a final state belongs to. Its text is the title of a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The state or row with this id.
    State(Table, Arc<str>),
    /// The reply or the error of the act with this number.
    Reply(usize),
    Events(StreamName),
    /// The handlers that failed after the act with this number.
    Failures(usize),
}

const REPLY: &str = "answer to act ";
const EVENTS: &str = "events of ";
const FAILURES: &str = "failures of act ";

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(table, id) => write!(f, "{} {id:?}", table.name),
            Self::Reply(nth) => write!(f, "{REPLY}{nth}"),
            Self::Events(stream) => write!(f, "{EVENTS}{stream}"),
            Self::Failures(nth) => write!(f, "{FAILURES}{nth}"),
        }
    }
}

/// A difference that the test allows.
#[derive(Debug, PartialEq)]
pub(super) enum AllowedDifference<'t> {
    /// All states of a type: `Room`.
    Type(&'t str),
    /// One field of all states of a type: `Room.updated_at`.
    Field(&'t str, &'t str),
    /// One state: `Room "7"`.
    State(&'t str, String),
    /// Anything else by its title: `events of booking-b-1`.
    Other(Key),
}

impl<'t> AllowedDifference<'t> {
    /// What a test must pass.
    pub(super) const EXPECTED: &'static str =
        "each allowed difference names a type, a `Type.field` or the title of a difference";

    /// Reads what the user wrote.
    pub(super) fn parse(text: &'t str) -> Self {
        let number_after = |title| text.strip_prefix(title).and_then(|nth| nth.parse().ok());

        if let Some(Ok(stream)) = text.strip_prefix(EVENTS).map(str::parse) {
            Self::Other(Key::Events(stream))
        } else if let Some(nth) = number_after(REPLY) {
            Self::Other(Key::Reply(nth))
        } else if let Some(nth) = number_after(FAILURES) {
            Self::Other(Key::Failures(nth))
        } else if let Some(type_end) = text.find(" \"")
            && let Ok(id) = serde_json::from_str(&text[type_end + 1..])
        {
            Self::State(&text[..type_end], id)
        } else if let Some((type_name, field)) = text.split_once('.') {
            Self::Field(type_name, field)
        } else {
            Self::Type(text)
        }
    }

    /// Returns true if the whole value of `key` may differ, or one of its fields.
    pub(super) fn concerns(&self, key: &Key) -> bool {
        match (self, key) {
            (Self::Type(name) | Self::Field(name, _), Key::State(table, _)) => *name == table.name,
            (Self::State(name, id), Key::State(table, key_id)) => {
                *name == table.name && **id == **key_id
            }
            (Self::Other(allowed), key) => allowed == key,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use flow_domain::record::TableKind;

    use super::*;

    #[test]
    fn allowed_difference_concerns_what_its_text_names() {
        let stream: StreamName = "room-7".parse().expect("a good name");
        let keys = [
            Key::State(Table::new(TableKind::Projection, "Room"), "7.5".into()),
            Key::Reply(1),
            Key::Events(stream),
            Key::Failures(2),
        ];

        for key in &keys {
            let title = key.to_string();
            let allowed = AllowedDifference::parse(&title);
            let concerned: Vec<&Key> = keys.iter().filter(|key| allowed.concerns(key)).collect();
            assert_eq!(concerned, [key]);
        }

        for text in ["Room", "Room.updated_at"] {
            assert!(AllowedDifference::parse(text).concerns(&keys[0]));
        }
        for text in ["Roo", "Room \"8\"", "Hotel \"7.5\"", "Hotel.updated_at"] {
            assert!(!AllowedDifference::parse(text).concerns(&keys[0]), "{text}");
        }
    }
}

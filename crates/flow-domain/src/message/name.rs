use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned},
};

use crate::{
    error::Error,
    message::{Payload, short_type_name},
};

/// The name of a kind of message within its domain, `OrderPlaced`, and the version of its fields.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub struct MessageName {
    name: &'static str,
    version: u32,
}

impl MessageName {
    /// Creates the name of a message. Versions count from 1.
    #[doc(hidden)]
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name, version }
    }

    /// Returns the name without its version.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// Returns the version of the fields, from 1.
    pub const fn version(self) -> u32 {
        self.version
    }
}

// Equal names nearly always point to the same constant. Comparing pointers is cheaper than
// comparing text.
impl PartialEq for MessageName {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
            && (std::ptr::eq(self.name, other.name) || self.name == other.name)
    }
}

impl Hash for MessageName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.version.hash(state);
    }
}

/// Writes the version only if it is not the first: `OrderPlaced`, `OrderPlaced.v2`.
impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.version == 1 {
            return Ok(());
        }
        write!(f, ".v{}", self.version)
    }
}

impl fmt::Debug for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The category and the name of one kind of message, and the names of its fields.
///
/// A struct has one schema. An enum has one for each variant.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[doc(hidden)]
pub struct MessageSchema {
    /// The category of the aggregate that the message is for.
    pub category: &'static str,
    /// The name of the message.
    pub name: MessageName,
    /// The field with the id of the aggregate. `None` if the message declares none.
    pub id: Option<&'static str>,
    /// The stored fields.
    pub fields: &'static [FieldSchema],
    /// Decodes a message as its Rust type, and encodes it again. Set for messages of a derive.
    pub reencode: Option<ReencodeFn>,
}

/// Describes one field of a message.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldSchema {
    /// The name, as it is in Rust.
    pub name: &'static str,
    /// Whether the field can be the key of a process manager.
    pub id_kind: IdKind,
}

impl FieldSchema {
    /// Describes one field.
    pub const fn new(name: &'static str, id_kind: IdKind) -> Self {
        Self { name, id_kind }
    }
}

/// Whether the type of a field is an id.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// It is an [`Id`](crate::Id).
    Id,
    /// It is an `Option` of an id. Without a value, an event is for no process manager.
    OptionalId,
    /// It is another type.
    NotAnId,
}

/// A function that decodes a message as its Rust type, and encodes it again.
pub(crate) type ReencodeFn = fn(&Payload) -> Result<Payload, Error>;

impl PartialEq for MessageSchema {
    fn eq(&self, other: &Self) -> bool {
        (self.category, self.name, self.id, self.fields)
            == (other.category, other.name, other.id, other.fields)
    }
}

impl Eq for MessageSchema {}

impl MessageSchema {
    /// Describes one kind of message.
    pub const fn new(
        category: &'static str,
        name: MessageName,
        id: Option<&'static str>,
        fields: &'static [FieldSchema],
    ) -> Self {
        Self {
            category,
            name,
            id,
            fields,
            reencode: None,
        }
    }

    /// Adds the Rust type of the message.
    #[must_use]
    pub const fn of_type<T: Serialize + DeserializeOwned + 'static>(mut self) -> Self {
        self.reencode = Some(|payload| {
            let message: T = payload.decode(short_type_name::<T>())?;
            Payload::encode(short_type_name::<T>(), &message)
        });
        self
    }
}

/// The schemas of several message types: one slice for each type.
#[doc(hidden)]
pub type SchemaLists = &'static [&'static [MessageSchema]];

/// Returns true if one of `lists` describes the message `name`.
pub(crate) fn is_listed(lists: SchemaLists, name: MessageName) -> bool {
    for schemas in lists {
        for schema in *schemas {
            if schema.name == name {
                return true;
            }
        }
    }

    false
}

/// The type of a message as it is stored and sent: `Shop.OrderPlaced.v1`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType {
    domain: Arc<str>,
    name: Cow<'static, str>,
    version: u32,
}

impl MessageType {
    /// Returns the type of the message `name`. `domain` is in camel case.
    pub fn new(domain: &Arc<str>, name: MessageName) -> Self {
        Self {
            domain: Arc::clone(domain),
            name: Cow::Borrowed(name.name),
            version: name.version,
        }
    }

    /// Returns the type of a stored message, which the domain may not know today.
    #[cfg(feature = "testing")]
    pub(crate) fn of_stored(domain: &Arc<str>, name: &str, version: u32) -> Self {
        Self {
            domain: Arc::clone(domain),
            name: Cow::Owned(name.to_owned()),
            version,
        }
    }

    /// Returns the domain of the message: `Shop`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the name of the message: `OrderPlaced`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version of its fields, from 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns true if this is the type of the message `name` in any domain.
    pub fn matches(&self, name: MessageName) -> bool {
        self.version == name.version && self.name == name.name
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.v{}", self.domain, self.name, self.version)
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not the type of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the type of a message: it should look like `Shop.OrderPlaced.v1`")]
pub struct InvalidMessageType(String);

impl FromStr for MessageType {
    type Err = InvalidMessageType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidMessageType(text.to_owned());
        let mut parts = text.split('.');

        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(domain), Some(name), Some(version), None)
                if !domain.is_empty() && !name.is_empty() =>
            {
                let version = version.strip_prefix('v').and_then(|n| n.parse().ok());
                Ok(Self {
                    domain: domain.into(),
                    name: Cow::Owned(name.to_owned()),
                    version: version.filter(|n| 0 < *n).ok_or_else(invalid)?,
                })
            }
            _ => Err(invalid()),
        }
    }
}

impl Serialize for MessageType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_type_round_trips_through_text() {
        let message_type = MessageType::new(&"Shop".into(), MessageName::new("OrderPlaced", 2));

        assert_eq!(message_type.to_string(), "Shop.OrderPlaced.v2");
        assert_eq!("Shop.OrderPlaced.v2".parse(), Ok(message_type));
    }

    #[track_caller]
    fn check_invalid(text: &str) {
        assert_eq!(
            text.parse::<MessageType>(),
            Err(InvalidMessageType(text.to_owned()))
        );
    }

    #[test]
    fn message_type_needs_domain_name_and_version() {
        check_invalid("OrderPlaced");
        check_invalid("Shop.OrderPlaced");
        check_invalid("Shop.OrderPlaced.1");
        check_invalid("Shop.OrderPlaced.v0");
        check_invalid(".OrderPlaced.v1");
        check_invalid("Shop.OrderPlaced.v1.x");
    }
}

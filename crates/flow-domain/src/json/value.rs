use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, fmt, str::FromStr};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    error::Error,
    json::{MAX_NESTING, Number, write_json},
};

/// A JSON value, with numbers of any size.
///
/// Objects are compared without regard to the order of their fields. Numbers are compared by their
/// exact value.
///
/// # Examples
///
/// ```
/// use flow_domain::json::Json;
///
/// let balance: Json = r#"{ "wei": 20000000000000000001 }"#.parse()?;
/// assert_eq!(balance.get("wei"), Some(&Json::from(20_000_000_000_000_000_001_u128)));
/// assert_eq!(balance.to_string(), r#"{"wei":20000000000000000001}"#);
/// # Ok::<(), flow_domain::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Fields with names. If a name occurs twice in a text, the last field counts.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Converts a value that implements `Serialize`. No number is rounded.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_codec`] is true if the value has no JSON form that
    /// can be read back. See [`Payload::encode`](crate::message::Payload::encode).
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let mut text = Vec::new();
        write_json(&mut text, value)
            .map_err(|err| Error::codec("serializing", std::any::type_name::<T>(), err))?;

        Self::read(&text).map_err(|err| Error::codec("deserializing", "JSON", err))
    }

    fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_slice(text)?;
        read_raw(raw, MAX_NESTING)
    }

    /// Returns the field with this name if this is an object that has it.
    pub fn get(&self, field: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(field),
            _ => None,
        }
    }

    /// Returns the element at this index if this is an array that has it.
    pub fn element(&self, idx: usize) -> Option<&Self> {
        match self {
            Self::Array(elements) => elements.get(idx),
            _ => None,
        }
    }

    /// Returns the text if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the fields if this is an object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Returns true if this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Compares two values of the same kind.
    ///
    /// Returns `None` if the kinds differ, or if the values are different arrays or objects.
    pub fn compare_same_kind(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Number(left), Self::Number(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Array(_), Self::Array(_)) | (Self::Object(_), Self::Object(_)) => {
                (self == other).then_some(Ordering::Equal)
            }
            _ => None,
        }
    }

    /// Compares two values for a sort.
    ///
    /// Values of different kinds are sorted in this order: `null`, boolean, number, string, array,
    /// object. Two arrays are equal in this order, and so are two objects.
    pub fn sort_order(&self, other: &Self) -> Ordering {
        self.compare_same_kind(other)
            .unwrap_or_else(|| self.kind_rank().cmp(&other.kind_rank()))
    }

    /// Returns the place of the kind of this value in [`sort_order`](Self::sort_order).
    fn kind_rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
        }
    }
}

/// Reads a value. Its parts are read from their own texts, so numbers keep their digits.
fn read_raw(raw: &RawValue, max_nesting: usize) -> Result<Json, serde_json::Error> {
    let text = raw.get();
    let deeper = || {
        max_nesting.checked_sub(1).ok_or_else(|| {
            serde::de::Error::custom(format!("nested deeper than {MAX_NESTING} levels"))
        })
    };

    match text.as_bytes().first() {
        Some(b'{') => {
            let max_nesting = deeper()?;
            let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text)?;
            let read_field = |(name, raw): (Cow<'_, str>, &RawValue)| {
                Ok((name.into_owned(), read_raw(raw, max_nesting)?))
            };
            fields
                .into_iter()
                .map(read_field)
                .collect::<Result<_, _>>()
                .map(Json::Object)
        }
        Some(b'[') => {
            let max_nesting = deeper()?;
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let read_element = |raw: &RawValue| read_raw(raw, max_nesting);
            elements
                .into_iter()
                .map(read_element)
                .collect::<Result<_, _>>()
                .map(Json::Array)
        }
        Some(b'"') => serde_json::from_str(text).map(Json::String),
        Some(b't' | b'f') => serde_json::from_str(text).map(Json::Bool),
        Some(b'n') => Ok(Json::Null),
        _ => Ok(Json::Number(Number::from_text(text))),
    }
}

impl FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.as_bytes()).map_err(|err| Error::codec("deserializing", "JSON", err))
    }
}

impl fmt::Display for Json {
    /// Writes the JSON text, with the fields of objects sorted by name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => fmt::Display::fmt(value, f),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::String(text) => write_string(text, f),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (idx, element) in elements.iter().enumerate() {
                    f.write_str(if idx == 0 { "" } else { "," })?;
                    fmt::Display::fmt(element, f)?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (idx, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if idx == 0 { "" } else { "," })?;
                    write_string(name, f)?;
                    f.write_str(":")?;
                    fmt::Display::fmt(value, f)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quoted = serde_json::to_string(text).map_err(|_err| fmt::Error)?;
    f.write_str(&quoted)
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl<N: Into<Number>> From<N> for Json {
    fn from(number: N) -> Self {
        Self::Number(number.into())
    }
}

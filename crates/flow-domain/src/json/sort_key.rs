use std::{cmp::Ordering, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::json::{Json, Number, decimal::Decimal};

/// The place of a value in a sort: the byte order of two keys is the order of their values.
///
/// A store compares keys as bytes, so all stores sort alike. The first character says the kind:
/// null, boolean, number, text, time. Two values are equal exactly if their keys are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortKey {
    text: Arc<str>,
}

/// The kind of the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKind {
    /// `false` before `true`.
    Bool,
    /// By size.
    Number,
    /// By Unicode code points.
    Text,
    /// The earlier time first.
    Time,
}

/// The greatest exponent in a key: numbers below `10^49999`. An `f64` needs 308.
const MAX_EXPONENT: i64 = 49_999;

impl SortKey {
    const NULL: char = '0';
    const BOOL: char = '1';
    const NUMBER: char = '2';
    const TEXT: char = '3';
    const TIME: char = '4';

    /// Returns the key of a missing value. It is smaller than all others.
    pub fn null() -> Self {
        Self::new(Self::NULL, "")
    }

    /// Returns the key of a boolean.
    pub fn bool(value: bool) -> Self {
        Self::new(Self::BOOL, if value { "1" } else { "0" })
    }

    /// Returns the key of a number of any size.
    ///
    /// A number of `10^49999` and more is sorted as the greatest number, and a number that is as
    /// close to zero as the smallest one.
    pub fn number(number: &Number) -> Self {
        Self::new(Self::NUMBER, &number_text(&number.decimal()))
    }

    /// Returns the key of a text.
    pub fn text(text: &str) -> Self {
        // Some databases have no U+0000 in a text. The replacement keeps the order.
        if text.contains(['\0', '\u{1}']) {
            let escaped = text
                .replace('\u{1}', "\u{1}\u{2}")
                .replace('\0', "\u{1}\u{1}");
            return Self::new(Self::TEXT, &escaped);
        }

        Self::new(Self::TEXT, text)
    }

    /// Returns the key of a time, as nanoseconds since 1970-01-01T00:00:00Z.
    pub fn time(nanos_since_epoch: i128) -> Self {
        let number = Number::from(nanos_since_epoch);
        Self::new(Self::TIME, &number_text(&number.decimal()))
    }

    /// Returns the key of a JSON value that is not a time. Returns `None` for arrays and objects.
    pub(crate) fn of_json(value: &Json) -> Option<Self> {
        Some(match value {
            Json::Null => Self::null(),
            Json::Bool(value) => Self::bool(*value),
            Json::Number(number) => Self::number(number),
            Json::String(text) => Self::text(text),
            Json::Array(_) | Json::Object(_) => return None,
        })
    }

    fn new(kind: char, text: &str) -> Self {
        let mut key = String::with_capacity(1 + text.len());
        key.push(kind);
        key.push_str(text);
        Self { text: key.into() }
    }

    /// Returns the key as text, without U+0000. A store compares it byte by byte.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns a key that is not greater than any other of the same kind.
    pub(crate) fn first_of_kind(&self) -> Self {
        let kind = &self.text[..1];
        Self { text: kind.into() }
    }

    /// Returns a key that is greater than all others of the same kind.
    pub(crate) fn end_of_kind(&self) -> Self {
        let next_kind = char::from(self.text.as_bytes()[0] + 1);
        Self::new(next_kind, "")
    }

    /// Compares two keys of the same kind. Returns `None` if the kinds differ.
    pub fn compare_same_kind(&self, other: &Self) -> Option<Ordering> {
        (self.text.as_bytes()[0] == other.text.as_bytes()[0]).then(|| self.cmp(other))
    }
}

impl fmt::Debug for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SortKey({:?})", self.text)
    }
}

impl Serialize for SortKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for SortKey {
    /// Reads a key that a store has kept. The text is not checked beyond its kind.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with([Self::NULL, Self::BOOL, Self::NUMBER, Self::TEXT, Self::TIME]) {
            Ok(Self { text: text.into() })
        } else {
            Err(de::Error::custom(format!("{text:?} is not a sort key")))
        }
    }
}

/// Returns a text whose byte order is the order of the numbers.
///
/// It has the sign, then the exponent in five digits, then the digits. All digits of a negative
/// number are subtracted from 9, and `~` ends it, because more digits make it smaller.
fn number_text(decimal: &Decimal) -> String {
    if decimal.digits.is_empty() {
        return "1".to_owned();
    }

    let exponent = decimal.exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT) + MAX_EXPONENT + 1;
    let exponent = format!("{exponent:05}");
    let digits = exponent.bytes().chain(decimal.digits.iter().copied());

    if decimal.is_negative {
        let subtracted = digits.map(|digit| char::from(b'9' - (digit - b'0')));
        format!("0{}~", subtracted.collect::<String>())
    } else {
        format!("2{}", digits.map(char::from).collect::<String>())
    }
}

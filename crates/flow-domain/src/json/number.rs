use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

use crate::json::decimal::Decimal;

/// A number of any size, with the digits that were written.
///
/// Numbers are compared by their exact value: `1`, `1.0` and `10e-1` are equal.
#[derive(Clone)]
pub struct Number {
    // Invariant: the text of a JSON number.
    text: Box<str>,
}

impl Number {
    pub(super) fn from_text(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// Returns the number as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn decimal(&self) -> Decimal {
        Decimal::parse(&self.text)
    }

    /// Returns the number if its text is that of an `i64`. Most numbers are.
    fn as_i64(&self) -> Option<i64> {
        self.text.parse().ok()
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Number {
            fn from(number: $integer) -> Self {
                Self { text: number.to_string().into() }
            }
        })*
    };
}

from_integers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.as_i64(), other.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.decimal().cmp(&other.decimal()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text || self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let decimal = self.decimal();
        (decimal.is_negative, decimal.digits, decimal.exponent).hash(state);
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

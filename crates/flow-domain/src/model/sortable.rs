use std::{borrow::Cow, rc::Rc, sync::Arc, time::SystemTime};

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    json::{Json, Number, SortKey, SortKind},
    model::times::nanos_since_epoch,
};

/// A value that a query can sort and compare by its type, not by its JSON.
///
/// The fields that a projection declares with `index(..)` need it. The order of two values is that
/// of their keys, in every store.
///
/// # Examples
///
/// The derive implements it for a struct with one field, and for an enum without fields. Enums are
/// sorted by the names of their variants, so a new variant does not change the order of the others.
///
/// ```
/// use flow_domain::{Sortable, clock::Timestamp};
///
/// #[derive(Sortable)]
/// struct DueDate(Timestamp);
///
/// #[derive(Sortable)]
/// enum Status {
///     Open,
///     Done,
/// }
///
/// let early = DueDate(Timestamp::from_micros(1));
/// let late = DueDate(Timestamp::from_micros(2));
/// assert!(early.sort_key() < late.sort_key());
/// assert!(Status::Done.sort_key() < Status::Open.sort_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "a query cannot sort by `{Self}`",
    label = "not sortable",
    note = "numbers, texts, booleans, times and UUIDs are sortable",
    note = "a struct with one field, or an enum without fields, needs `#[derive(Sortable)]`"
)]
pub trait Sortable {
    /// The kind of the values.
    const KIND: SortKind;

    /// Returns the place of this value in a sort.
    fn sort_key(&self) -> SortKey;

    /// Returns the key of the value that has this JSON form. Returns `None` if there is none.
    ///
    /// A query uses it for the value that a field is compared with. A time must override it.
    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let is_of_kind = match value {
            Json::Bool(_) => Self::KIND == SortKind::Bool,
            Json::Number(_) => Self::KIND == SortKind::Number,
            Json::String(_) => Self::KIND == SortKind::Text,
            Json::Null => true,
            Json::Array(_) | Json::Object(_) => false,
        };
        SortKey::of_json(value).filter(|_| is_of_kind)
    }
}

/// A field of a projection that is declared with `index(..)`. The derive writes it.
#[derive(Debug)]
pub struct DeclaredField<P> {
    /// The name of the field in JSON.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: SortKind,
    /// Returns the key of the field of a row.
    pub key_of_row: fn(&P) -> SortKey,
    /// Returns the key of a value that the field is compared with.
    pub key_of_json: fn(&Json) -> Option<SortKey>,
}

impl<P> DeclaredField<P> {
    /// Declares a field of type `T`.
    pub const fn new<T: Sortable>(name: &'static str, key_of_row: fn(&P) -> SortKey) -> Self {
        Self {
            name,
            kind: T::KIND,
            key_of_row,
            key_of_json: T::sort_key_of_json,
        }
    }
}

macro_rules! sortable_numbers {
    ($($number:ty),*) => {
        $(impl Sortable for $number {
            const KIND: SortKind = SortKind::Number;

            fn sort_key(&self) -> SortKey {
                SortKey::number(&Number::from(*self))
            }
        })*
    };
}

sortable_numbers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

macro_rules! sortable_floats {
    ($($float:ty),*) => {
        $(impl Sortable for $float {
            const KIND: SortKind = SortKind::Number;

            /// A float that is not finite is sorted as a missing value. It is never stored.
            fn sort_key(&self) -> SortKey {
                Json::from_serialize(self)
                    .ok()
                    .and_then(|json| SortKey::of_json(&json))
                    .unwrap_or_else(SortKey::null)
            }
        })*
    };
}

sortable_floats!(f32, f64);

macro_rules! sortable_texts {
    ($($text:ty),*) => {
        $(impl Sortable for $text {
            const KIND: SortKind = SortKind::Text;

            fn sort_key(&self) -> SortKey {
                SortKey::text(self)
            }
        })*
    };
}

sortable_texts!(str, String, Cow<'_, str>);

impl Sortable for char {
    const KIND: SortKind = SortKind::Text;

    fn sort_key(&self) -> SortKey {
        SortKey::text(self.encode_utf8(&mut [0; 4]))
    }
}

impl Sortable for Uuid {
    const KIND: SortKind = SortKind::Text;

    fn sort_key(&self) -> SortKey {
        SortKey::text(self.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl Sortable for bool {
    const KIND: SortKind = SortKind::Bool;

    fn sort_key(&self) -> SortKey {
        SortKey::bool(*self)
    }
}

impl Sortable for Timestamp {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        SortKey::time(i128::from(self.as_micros()) * 1_000)
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        // The value may have nanoseconds, and is not rounded to those of a `Timestamp`.
        let time = humantime::parse_rfc3339(value.as_str()?).ok()?;
        Some(time.sort_key())
    }
}

impl Sortable for SystemTime {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        SortKey::time(nanos_since_epoch(*self))
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let time: Self = serde_json::from_str(&value.to_string()).ok()?;
        Some(time.sort_key())
    }
}

/// `None` is smaller than every value.
impl<T: Sortable> Sortable for Option<T> {
    const KIND: SortKind = T::KIND;

    fn sort_key(&self) -> SortKey {
        self.as_ref().map_or_else(SortKey::null, T::sort_key)
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        match value {
            Json::Null => Some(SortKey::null()),
            value => T::sort_key_of_json(value),
        }
    }
}

macro_rules! sortable_pointers {
    ($($pointer:ty),*) => {
        $(impl<T: Sortable + ?Sized> Sortable for $pointer {
            const KIND: SortKind = T::KIND;

            fn sort_key(&self) -> SortKey {
                T::sort_key(self)
            }

            fn sort_key_of_json(value: &Json) -> Option<SortKey> {
                T::sort_key_of_json(value)
            }
        })*
    };
}

sortable_pointers!(&T, Box<T>, Rc<T>, Arc<T>);

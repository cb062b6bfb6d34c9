use std::{borrow::Cow, num, rc::Rc, sync::Arc, time::SystemTime};

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    message::{CausationId, CorrelationId, MessageId},
    model::times::{nanos_since_epoch, time_key},
};

/// A value that identifies an aggregate, a row or a process manager.
///
/// Its key is the text under which they are stored and found. So one id has one key everywhere, in
/// each stream, table and test. Its `Display` and its JSON do not matter.
///
/// | id | key |
/// |---|---|
/// | a text | the text itself |
/// | an integer | its decimal digits |
/// | a `char` | the character |
/// | a [`Uuid`] | 36 characters, in lower case |
/// | a time | RFC 3339 in UTC with nine digits of the second: `2026-03-29T08:00:00.000000000Z` |
/// | a date | `2026-03-29` |
///
/// The keys of the times and dates of the years 0 to 9999 are sorted like the times. The features
/// `chrono`, `jiff` and `time` implement the trait for the times and dates of these crates.
///
/// A key has 1 to 512 bytes, and no control characters (U+0000 to U+001F, and U+007F). Any other
/// key is an error for which [`Error::is_setup`](crate::Error::is_setup) is true. Then nothing is
/// stored or looked up.
///
/// # Examples
///
/// The derive implements it for a struct with one field, which has the key of its field. It also
/// implements it for an enum without fields. There the key is the name of the variant in JSON.
///
/// ```
/// use flow_domain::Id;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Copy, Serialize, Deserialize, Id)]
/// struct OrderNo(u32);
///
/// #[derive(Debug, Clone, Copy, Serialize, Deserialize, Id)]
/// #[serde(rename_all = "kebab-case")]
/// enum Hall {
///     NorthWing,
///     SouthWing,
/// }
///
/// assert_eq!(OrderNo(7).key(), "7");
/// assert_eq!(Hall::NorthWing.key(), "north-wing");
/// ```
///
/// Write the impl for an id of several parts. Two ids must have two keys.
///
/// ```
/// use std::borrow::Cow;
///
/// use flow_domain::Id;
///
/// struct Seat {
///     row: u16,
///     number: u16,
/// }
///
/// impl Id for Seat {
///     fn key(&self) -> Cow<'_, str> {
///         format!("{}/{}", self.row, self.number).into()
///     }
/// }
///
/// assert_eq!(Seat { row: 4, number: 12 }.key(), "4/12");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id",
    label = "this must be an id",
    note = "an id is a text, an integer, a `char`, a `Uuid` or a time; flow-domain has the features `chrono`, `jiff` and `time`",
    note = "write `#[derive(flow_domain::Id)]` on a struct with one field, or on an enum without fields",
    note = "write `impl flow_domain::Id` for another type of your own",
    note = "an `Option`, a float, a `bool` or a list is not an id: take a field that is always there and identifies one thing"
)]
pub trait Id {
    /// Returns the key of this id.
    fn key(&self) -> Cow<'_, str>;
}

macro_rules! text_ids {
    ($($text:ty),*) => {
        $(impl Id for $text {
            fn key(&self) -> Cow<'_, str> {
                Cow::Borrowed(self)
            }
        })*
    };
}

text_ids!(str, String, Cow<'_, str>);

macro_rules! number_ids {
    ($($number:ty),*) => {
        $(impl Id for $number {
            fn key(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        })*
    };
}

number_ids!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);
number_ids!(
    num::NonZeroI8,
    num::NonZeroI16,
    num::NonZeroI32,
    num::NonZeroI64,
    num::NonZeroI128,
    num::NonZeroIsize,
    num::NonZeroU8,
    num::NonZeroU16,
    num::NonZeroU32,
    num::NonZeroU64,
    num::NonZeroU128,
    num::NonZeroUsize
);

impl Id for char {
    fn key(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl Id for Uuid {
    fn key(&self) -> Cow<'_, str> {
        Cow::Owned(self.hyphenated().to_string())
    }
}

macro_rules! message_ids {
    ($($id:ty),*) => {
        $(impl Id for $id {
            fn key(&self) -> Cow<'_, str> {
                Cow::Owned(self.as_uuid().hyphenated().to_string())
            }
        })*
    };
}

message_ids!(MessageId, CorrelationId, CausationId);

impl Id for Timestamp {
    fn key(&self) -> Cow<'_, str> {
        SystemTime::from(*self).key().into_owned().into()
    }
}

impl Id for SystemTime {
    fn key(&self) -> Cow<'_, str> {
        time_key(nanos_since_epoch(*self))
    }
}

macro_rules! pointer_ids {
    ($($pointer:ty),*) => {
        $(impl<T: Id + ?Sized> Id for $pointer {
            fn key(&self) -> Cow<'_, str> {
                T::key(self)
            }
        })*
    };
}

pointer_ids!(&T, Box<T>, Rc<T>, Arc<T>);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn key_of_a_text_is_borrowed() {
        let text = String::from("ord-1");

        assert!(matches!(text.key(), Cow::Borrowed("ord-1")));
        assert!(matches!(Arc::<str>::from("a").key(), Cow::Borrowed("a")));
        assert!(matches!((&&"a").key(), Cow::Borrowed("a")));
    }

    #[test]
    fn keys_of_numbers_and_uuids() {
        assert_eq!(i128::MIN.key(), i128::MIN.to_string());
        assert_eq!(num::NonZeroU8::MAX.key(), "255");
        assert_eq!('é'.key(), "é");
        assert_eq!(Uuid::max().key(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
        assert_eq!(MessageId::new(Uuid::max()).key(), Uuid::max().key());
    }

    #[test]
    fn keys_of_times_have_one_form() {
        let time = Timestamp::from_micros(1_774_771_200_000_001);

        assert_eq!(time.key(), "2026-03-29T08:00:00.000001000Z");
        assert_eq!(SystemTime::from(time).key(), time.key());
        assert_eq!(Timestamp::MAX.key(), "9999-12-31T23:59:59.999999000Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(before.key(), "1969-12-31T23:59:59.999999999Z");
    }
}

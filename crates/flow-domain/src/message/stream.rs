use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    error::Error,
    message::{InvalidKey, key::check_key, stable_hash},
};

/// The name of one stream, `order-ord-001`: a category and an id with a `-` between them.
///
/// A clone does not allocate if the category is a constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    // Invariant: not empty, and without `-`. Otherwise the text would be split at another `-`.
    category: Cow<'static, str>,
    // Invariant: `check_key` accepts it.
    id: Arc<str>,
}

impl StreamName {
    /// Joins a category and an id.
    ///
    /// # Errors
    ///
    /// Returns an error if the category is empty or has a `-` in it, or if the id cannot be a key;
    /// see [`InvalidKey`].
    pub fn new(
        category: impl Into<Cow<'static, str>>,
        id: impl Into<Arc<str>>,
    ) -> Result<Self, InvalidStreamName> {
        let (category, id) = (category.into(), id.into());
        if !Self::is_category(&category) {
            return Err(InvalidStreamName::Category(category.into_owned()));
        }

        match check_key(&id) {
            Ok(()) => Ok(Self { category, id }),
            Err(reason) => Err(InvalidStreamName::Id {
                category: category.into_owned(),
                reason,
            }),
        }
    }

    /// Returns true if `category` can be a category: not empty, and without `-`.
    pub(crate) fn is_category(category: &str) -> bool {
        !category.is_empty() && !category.as_bytes().contains(&b'-')
    }

    /// Returns the category, which all streams of one kind share: `order`.
    pub fn category(&self) -> &str {
        &self.category
    }

    /// Returns the category as a `Cow`. The clone of a constant does not allocate.
    pub(crate) fn shared_category(&self) -> Cow<'static, str> {
        self.category.clone()
    }

    /// Returns the id within the category: `ord-001`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the slot of the stream, from 0 to 1,023. It is a hash of the name and never changes.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is smaller than the number of slots"
    )]
    pub fn slot(&self) -> u16 {
        let bytes = self.category.bytes().chain([b'-']).chain(self.id.bytes());
        let hash = stable_hash(bytes);

        ((hash ^ (hash >> 32)) % u64::from(Self::N_SLOTS)) as u16
    }

    /// Returns the partition of the stream, if there are `n_partitions` of them.
    ///
    /// A partition is a range of slots. At most 1,024 partitions make sense.
    pub fn partition(&self, n_partitions: u32) -> u32 {
        u32::from(self.slot()) * n_partitions / u32::from(Self::N_SLOTS)
    }

    /// The number of slots.
    pub const N_SLOTS: u16 = 1_024;

    pub(crate) fn shared_id(&self) -> &Arc<str> {
        &self.id
    }
}

impl FromStr for StreamName {
    type Err = InvalidStreamName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.split_once('-') {
            Some((category, id)) => Self::new(category.to_owned(), id),
            None => Err(InvalidStreamName::Separator(name.to_owned())),
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.category, self.id)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for StreamName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

/// A text that cannot name a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStreamName {
    /// The category is empty or has a `-` in it.
    #[error("`{0}` cannot be a category: it must not be empty and must not contain `-`")]
    Category(String),
    /// The id cannot be a key.
    #[error("the id of a stream of the category `{category}` is invalid: {reason}")]
    Id {
        /// The category of the stream.
        category: String,
        /// Why the id cannot be a key.
        reason: InvalidKey,
    },
    /// There is no `-` between category and id.
    #[error("`{0}` is not the name of a stream: it should look like `order-ord-001`")]
    Separator(String),
}

impl InvalidStreamName {
    /// Returns the error for a stream whose id is the field `field` of `owner`.
    pub(crate) fn of(&self, owner: &str, field: &str) -> Error {
        match self {
            Self::Id { reason, .. } => reason.of(owner, field),
            _ => Error::setup(format!("{owner} has no valid stream name: {self}")),
        }
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident, $(#[$zero_doc:meta])* $zero:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            $(#[$zero_doc])*
            pub const $zero: Self = Self(0);

            /// Creates it from its number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Returns the number.
            pub const fn as_u64(self) -> u64 {
                self.0
            }

            /// Returns the one with the next number.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counter! {
    /// The number of an event within its stream, from 1. [`NONE`](Self::NONE) is before the first.
    Version,
    /// The version of a stream without events, and of a state that was never written.
    NONE
}

counter! {
    /// The number of an event within the whole store, from 1. [`START`](Self::START) is before the
    /// first.
    ///
    /// Positions grow, but there may be gaps between them.
    Position,
    /// The position before the first event.
    START
}

/// The version that a stream or a stored state must have for a write to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Write whatever the version is.
    Any,
    /// Write only at this version. [`Version::NONE`] means that nothing may exist yet.
    Exact(Version),
}

impl ExpectedVersion {
    /// Returns true if a write may go through while the current version is `current`.
    pub fn allows(self, current: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(expected) => expected == current,
        }
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any version"),
            Self::Exact(Version::NONE) => f.write_str("nothing there"),
            Self::Exact(version) => write!(f, "version {version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_name_splits_at_the_first_dash() {
        let stream: StreamName = "order-ord-001".parse().expect("a good name");

        assert_eq!(stream.category(), "order");
        assert_eq!(stream.id(), "ord-001");
        assert_eq!(stream, StreamName::new("order", "ord-001").expect("good"));
    }

    #[test]
    fn stream_name_error_says_what_is_wrong() {
        let no_id = StreamName::new("order", "").expect_err("no id");
        let no_dash = "order".parse::<StreamName>().expect_err("no dash");
        let dash = StreamName::new("pur-chase", "1").expect_err("a dash");

        assert_eq!(
            no_id.to_string(),
            "the id of a stream of the category `order` is invalid: a key must have 1 to 512 bytes, but this one is empty"
        );
        assert_eq!(
            no_dash.to_string(),
            "`order` is not the name of a stream: it should look like `order-ord-001`"
        );
        assert_eq!(
            dash.to_string(),
            "`pur-chase` cannot be a category: it must not be empty and must not contain `-`"
        );
    }
}

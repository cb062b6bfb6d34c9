use std::borrow::Cow;

use ::time::{Date, OffsetDateTime};

use super::{date_key, time_key};
use crate::{
    json::{Json, SortKey, SortKind},
    model::{Id, Sortable},
};

/// Two times with different offsets have the same key if they are equal.
impl Id for OffsetDateTime {
    fn key(&self) -> Cow<'_, str> {
        time_key(self.unix_timestamp_nanos())
    }
}

impl Sortable for OffsetDateTime {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        SortKey::time(self.unix_timestamp_nanos())
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let time: Self = serde_json::from_str(&value.to_string()).ok()?;
        Some(time.sort_key())
    }
}

impl Id for Date {
    fn key(&self) -> Cow<'_, str> {
        date_key(self.year(), u8::from(self.month()), self.day())
    }
}

/// A date is sorted as its first moment in UTC.
impl Sortable for Date {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        self.midnight().assume_utc().sort_key()
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let date: Self = serde_json::from_str(&value.to_string()).ok()?;
        Some(date.sort_key())
    }
}

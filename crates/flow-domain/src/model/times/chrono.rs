use std::borrow::Cow;

use ::chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeZone};

use super::{date_key, time_key};
use crate::{
    json::{Json, SortKey, SortKind},
    model::{Id, Sortable},
};

/// Two times in different zones have the same key if they are equal. A leap second has the key of the
/// second after it.
impl<Tz: TimeZone> Id for DateTime<Tz> {
    fn key(&self) -> Cow<'_, str> {
        time_key(nanos_since_epoch(self))
    }
}

impl<Tz: TimeZone> Sortable for DateTime<Tz> {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        SortKey::time(nanos_since_epoch(self))
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let time: DateTime<FixedOffset> = value.as_str()?.parse().ok()?;
        Some(time.sort_key())
    }
}

/// `timestamp_nanos_opt` knows only the years 1677 to 2262.
fn nanos_since_epoch<Tz: TimeZone>(time: &DateTime<Tz>) -> i128 {
    i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos())
}

impl Id for NaiveDate {
    fn key(&self) -> Cow<'_, str> {
        date_key(self.year(), self.month(), self.day())
    }
}

/// A date is sorted as its first moment in UTC.
impl Sortable for NaiveDate {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        self.and_time(NaiveTime::MIN).and_utc().sort_key()
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let date: Self = value.as_str()?.parse().ok()?;
        Some(date.sort_key())
    }
}

use std::borrow::Cow;

use ::jiff::{Timestamp, civil::Date};

use super::{date_key, time_key};
use crate::{
    json::{Json, SortKey, SortKind},
    model::{Id, Sortable},
};

impl Id for Timestamp {
    fn key(&self) -> Cow<'_, str> {
        time_key(self.as_nanosecond())
    }
}

impl Sortable for Timestamp {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        SortKey::time(self.as_nanosecond())
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let time: Self = value.as_str()?.parse().ok()?;
        Some(time.sort_key())
    }
}

impl Id for Date {
    fn key(&self) -> Cow<'_, str> {
        date_key(self.year(), self.month(), self.day())
    }
}

/// A date is sorted by its days.
impl Sortable for Date {
    const KIND: SortKind = SortKind::Time;

    fn sort_key(&self) -> SortKey {
        const NANOS_PER_DAY: i128 = 24 * 60 * 60 * 1_000_000_000;

        let epoch = Date::constant(1970, 1, 1);
        let days = (*self - epoch).get_days();
        SortKey::time(i128::from(days) * NANOS_PER_DAY)
    }

    fn sort_key_of_json(value: &Json) -> Option<SortKey> {
        let date: Self = value.as_str()?.parse().ok()?;
        Some(date.sort_key())
    }
}

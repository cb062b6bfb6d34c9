use std::{borrow::Cow, time::SystemTime};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const SECONDS_PER_DAY: i128 = 24 * 60 * 60;

/// Returns the nanoseconds from the start of 1970 to `time`.
pub(in crate::model) fn nanos_since_epoch(time: SystemTime) -> i128 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
        Err(before) => {
            i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |nanos| -nanos)
        }
    }
}

/// Returns the key of a time: RFC 3339 in UTC, with all nine digits of the nanoseconds.
///
/// `nanos` is the time since the start of 1970. All texts of the years 0 to 9999 have one length.
/// So they are sorted like the times.
pub(in crate::model) fn time_key(nanos: i128) -> Cow<'static, str> {
    let seconds = nanos.div_euclid(NANOS_PER_SECOND);
    let nanos = nanos.rem_euclid(NANOS_PER_SECOND);
    let (year, month, day) = civil_date(seconds.div_euclid(SECONDS_PER_DAY));
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);

    format!(
        "{}T{:02}:{:02}:{:02}.{nanos:09}Z",
        date_key(year, month, day),
        second_of_day / 3_600,
        second_of_day / 60 % 60,
        second_of_day % 60,
    )
    .into()
}

/// Returns the key of a date: `2026-03-29`.
pub(in crate::model) fn date_key(
    year: impl Into<i128>,
    month: impl Into<i128>,
    day: impl Into<i128>,
) -> Cow<'static, str> {
    let (year, month, day) = (year.into(), month.into(), day.into());
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs()).into()
}

/// Returns the year, month and day of the Gregorian calendar.
///
/// `days` counts from the start of 1970. The years of the calculation begin in March, so that a leap
/// day is the last day of its year.
fn civil_date(days: i128) -> (i128, i128, i128) {
    const DAYS_PER_ERA: i128 = 146_097;
    const DAYS_FROM_MARCH_0000_TO_1970: i128 = 719_468;

    let days = days + DAYS_FROM_MARCH_0000_TO_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;

    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i128::from(month <= 2);

    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, model::Id as _};

    #[test]
    fn civil_date_of_special_days() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(-1), (1969, 12, 31));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(-719_528), (0, 1, 1));
        assert_eq!(civil_date(-719_529), (-1, 12, 31));
        assert_eq!(civil_date(2_932_896), (9999, 12, 31));
    }

    #[test]
    fn date_key_has_four_digits_of_the_year() {
        assert_eq!(date_key(7, 3, 29), "0007-03-29");
        assert_eq!(date_key(-7, 3, 29), "-0007-03-29");
        assert_eq!(date_key(12_345, 12, 1), "12345-12-01");
    }

    /// The calendar of another crate says the same, for one time in each of 8,000 years.
    #[test]
    fn time_key_is_rfc_3339() {
        const STEP: i64 = 31_557_601_000_001;

        for step in 0..8_000 {
            let time = Timestamp::from_micros(step * STEP);
            let expected = humantime::format_rfc3339_nanos(time.into()).to_string();
            assert_eq!(time.key(), expected);
        }
    }
}

//! Times and dates of other crates are ids and sortable fields.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, TimeZone, Utc};
use flow_domain::{
    Domain, Error, Event, Id, Projection, Projector, ProjectorRoutes, Rows, Sortable, field,
    json::Json,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

/// A slot is known by when it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = begins, index(begins, day))]
struct Slot {
    begins: DateTime<Utc>,
    day: NaiveDate,
    n: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "slot", id = begins)]
struct Taken {
    begins: DateTime<Utc>,
}

struct SlotProjector;

impl Projector for SlotProjector {
    type Projection = Slot;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_taken);
    }
}

impl SlotProjector {
    /// Counts with `get` and `put`.
    async fn on_taken(&self, event: Taken, rows: &mut Rows<'_, Slot>) -> Result<(), Error> {
        let begins = event.begins;
        let known = rows.get(begins).await?.map_or(0, |row| row.n);
        rows.put(Slot {
            begins,
            day: begins.date_naive(),
            n: known + 1,
        })
        .await
    }
}

fn world() -> World {
    World::new(
        Domain::builder("shop")
            .event_from_outside::<Taken>()
            .projection::<Slot>()
            .projector(SlotProjector),
    )
}

fn eight() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 29, 8, 0, 0).unwrap()
}

#[tokio::test]
async fn row_of_a_time_is_read_and_put_under_one_key() {
    let World { app, .. } = &world();

    for _ in 0..3 {
        app.publish(Taken { begins: eight() }).await.unwrap();
    }

    let slots = app.view::<Slot>();
    let rows = slots.query().all().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.n).collect::<Vec<_>>(), [3]);
    assert_eq!(slots.get(eight()).await.unwrap(), Some(rows[0].clone()));
    let in_berlin = eight().with_timezone(&FixedOffset::east_opt(7_200).unwrap());
    assert!(slots.exists(in_berlin).await.unwrap());
    assert!(
        slots
            .exists("2026-03-29T08:00:00.000000000Z")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn rows_are_sorted_by_their_times() {
    let World { app, .. } = &world();
    // In JSON, `08:00:00.5Z` is before `08:00:00Z`.
    let times = [0, 500, 86_400_000, -1].map(|ms| eight() + TimeDelta::milliseconds(ms));
    for begins in times {
        app.publish(Taken { begins }).await.unwrap();
    }

    let slots = app.view::<Slot>();
    let from_eight = field("begins").at_least(eight());
    let query = slots.query().filter(from_eight).order_by("begins");
    let found: Vec<_> = query.all().await.unwrap();
    let found: Vec<_> = found.iter().map(|row| row.begins).collect();
    assert_eq!(found, times[..3]);

    let next_day = field("day").greater_than(eight().date_naive());
    assert_eq!(slots.query().filter(next_day).count().await.unwrap(), 1);
    let by_id = slots.query().all().await.unwrap();
    assert_eq!(by_id[0].begins, times[3]);
    assert_eq!(by_id[3].begins, times[2]);
}

/// Checks that the keys and the sort keys of `sorted` grow, and that JSON has the same sort keys.
#[track_caller]
fn check_sorted<T: Id + Sortable + Serialize>(sorted: &[T]) {
    for pair in sorted.windows(2) {
        assert!(pair[0].key() < pair[1].key());
        assert!(pair[0].sort_key() < pair[1].sort_key());
    }
    for time in sorted {
        let json = Json::from_serialize(time).unwrap();
        assert_eq!(T::sort_key_of_json(&json), Some(time.sort_key()));
    }
}

const NANOS: [i64; 6] = [
    i64::MIN,
    -1_000_000_001,
    -1,
    0,
    1_774_771_200_500_000_000,
    i64::MAX,
];

#[test]
fn times_of_chrono_have_the_common_keys() {
    let times = NANOS.map(DateTime::from_timestamp_nanos);
    check_sorted(&times);
    check_sorted(&times.map(|time| time.date_naive())[..2]);
    check_sorted(&times.map(|time| time.date_naive())[3..]);
    assert_eq!(times[4].key(), "2026-03-29T08:00:00.500000000Z");
    assert_eq!(times[2].key(), "1969-12-31T23:59:59.999999999Z");
    assert_eq!(times[4].date_naive().key(), "2026-03-29");
    let years = [0, 7, 9999].map(|year| NaiveDate::from_ymd_opt(year, 2, 1).unwrap());
    check_sorted(&years);
}

#[cfg(feature = "time")]
#[test]
fn times_of_time_have_the_common_keys() {
    use time::{Date, OffsetDateTime, UtcOffset};

    let times = NANOS.map(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap());
    check_sorted(&times);
    check_sorted(&[Date::MIN, times[3].date(), times[4].date(), Date::MAX][1..]);
    for (time, nanos) in times.into_iter().zip(NANOS) {
        assert_eq!(time.key(), DateTime::from_timestamp_nanos(nanos).key());
        assert_eq!(
            time.sort_key(),
            DateTime::from_timestamp_nanos(nanos).sort_key()
        );
    }
    let offset = times[4].to_offset(UtcOffset::from_hms(2, 0, 0).unwrap());
    assert_eq!(offset.key(), times[4].key());
    assert_eq!(times[4].date().key(), "2026-03-29");
    assert_eq!(times[4].date().sort_key(), eight().date_naive().sort_key());
}

#[cfg(feature = "jiff")]
#[test]
fn times_of_jiff_have_the_common_keys() {
    use jiff::{Timestamp, civil::date};

    let times = NANOS.map(|nanos| Timestamp::from_nanosecond(nanos.into()).unwrap());
    check_sorted(&times);
    check_sorted(&[
        date(0, 2, 29),
        date(1970, 1, 1),
        date(2026, 3, 29),
        date(9999, 12, 31),
    ]);
    for (time, nanos) in times.into_iter().zip(NANOS) {
        assert_eq!(time.key(), DateTime::from_timestamp_nanos(nanos).key());
        assert_eq!(
            time.sort_key(),
            DateTime::from_timestamp_nanos(nanos).sort_key()
        );
    }
    assert_eq!(date(2026, 3, 29).key(), "2026-03-29");
    for (year, month, day) in [(-1, 1, 1), (1969, 12, 31), (2026, 3, 29)] {
        let of_chrono = NaiveDate::from_ymd_opt(
            year,
            u32::try_from(month).unwrap(),
            u32::try_from(day).unwrap(),
        );
        let of_jiff = date(i16::try_from(year).unwrap(), month, day);
        assert_eq!(of_jiff.sort_key(), of_chrono.unwrap().sort_key());
        assert_eq!(of_jiff.key(), of_chrono.unwrap().key());
    }
}

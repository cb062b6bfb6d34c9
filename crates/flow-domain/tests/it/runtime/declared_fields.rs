//! Queries on fields that a projection declares with `index(..)`.

use std::{
    cmp::Ordering,
    sync::Arc,
    time::{Duration, SystemTime},
};

use flow_domain::{
    App, Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows, Sortable, View,
    adapter::memory::MemoryStore,
    clock::{Timestamp, VirtualClock},
    field,
    handler::FieldCondition,
    message::short_type_name,
    port::Store,
};
use pretty_assertions::assert_eq;
use proptest::{prelude::*, test_runner::RngSeed};
use serde::{Deserialize, Serialize};

use crate::{fixture::build, runtime::fixture::World};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Sortable)]
#[serde(rename_all = "kebab-case")]
enum LoanKind {
    ShortLoan,
    #[serde(rename = "archive")]
    Reference,
}

/// Its JSON is an object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Sortable)]
struct Fee {
    cents: i128,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = book_id, index(due_at, returned_at, kind, fee, rating, is_overdue))]
#[serde(rename_all = "camelCase")]
struct Loan {
    book_id: String,
    due_at: Timestamp,
    returned_at: Option<SystemTime>,
    kind: LoanKind,
    fee: Fee,
    rating: f64,
    is_overdue: bool,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "loan", id = book_id)]
struct Lent {
    book_id: String,
    loan: Loan,
}

struct LoanProjector;

impl Projector for LoanProjector {
    type Projection = Loan;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_lent);
    }
}

impl LoanProjector {
    async fn on_lent(&self, event: Lent, rows: &mut Rows<'_, Loan>) -> Result<(), Error> {
        rows.put(event.loan).await
    }
}

fn lent(book_id: &str, change: impl FnOnce(&mut Loan)) -> Lent {
    let mut loan = Loan {
        book_id: book_id.into(),
        due_at: VirtualClock::START,
        returned_at: None,
        kind: LoanKind::ShortLoan,
        fee: Fee { cents: 0 },
        rating: 0.0,
        is_overdue: false,
    };
    change(&mut loan);

    let book_id = book_id.into();
    Lent { book_id, loan }
}

async fn loans<const N: usize>(events: [Lent; N]) -> View<Loan> {
    let domain = Domain::builder("library")
        .event_from_outside::<Lent>()
        .projection::<Loan>()
        .projector(LoanProjector);
    let world = World::new(domain);
    world.app.publish(events).await.expect("all are projected");
    world.app.view()
}

async fn sorted_by(loans: &View<Loan>, field: &str) -> Vec<String> {
    let rows = loans.query().order_by(field).all().await;
    ids(rows)
}

async fn found(loans: &View<Loan>, condition: FieldCondition) -> Vec<String> {
    ids(loans.query().filter(condition).all().await)
}

fn ids(rows: Result<Vec<Loan>, Error>) -> Vec<String> {
    let rows = rows.expect("the query can be answered");
    rows.into_iter().map(|row| row.book_id).collect()
}

fn after_start(millis: u64) -> Timestamp {
    VirtualClock::START + Duration::from_millis(millis)
}

fn system_time(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

#[tokio::test]
async fn times_are_compared_within_a_second() {
    let loans = loans([
        lent("c", |loan| loan.due_at = after_start(1_000)),
        lent("b", |loan| loan.due_at = after_start(500)),
        lent("a", |loan| loan.due_at = after_start(0)),
    ])
    .await;

    assert_eq!(sorted_by(&loans, "dueAt").await, ["a", "b", "c"]);
    let overdue = field("dueAt").less_than(after_start(501));
    assert_eq!(found(&loans, overdue).await, ["a", "b"]);
}

#[tokio::test]
async fn missing_time_is_sorted_first_and_meets_no_comparison() {
    let loans = loans([
        lent("c", |loan| {
            loan.returned_at = Some(system_time(10_000_000_000));
        }),
        lent("b", |loan| {
            loan.returned_at = Some(system_time(9_999_999_999));
        }),
        lent("a", |_| ()),
    ])
    .await;

    assert_eq!(sorted_by(&loans, "returnedAt").await, ["a", "b", "c"]);
    let returned = || field("returnedAt");
    assert_eq!(
        found(&loans, returned().at_most(system_time(10_000_000_000))).await,
        ["b", "c"]
    );
    let nothing = None::<SystemTime>;
    assert_eq!(found(&loans, returned().equals(nothing)).await, ["a"]);
    assert_eq!(
        found(&loans, returned().differs_from(nothing)).await,
        ["b", "c"]
    );
}

#[tokio::test]
async fn enum_is_compared_by_the_names_of_its_variants() {
    let loans = loans([
        lent("a", |loan| loan.kind = LoanKind::ShortLoan),
        lent("b", |loan| loan.kind = LoanKind::Reference),
    ])
    .await;

    assert_eq!(sorted_by(&loans, "kind").await, ["b", "a"]);
    assert_eq!(found(&loans, field("kind").equals("archive")).await, ["b"]);
    let short = field("kind").equals(LoanKind::ShortLoan);
    assert_eq!(found(&loans, short).await, ["a"]);
}

#[tokio::test]
async fn numbers_beyond_64_bits_are_compared_exactly() {
    let cents = [i128::MAX, i128::MAX - 1, -1, i128::MIN];
    let loans = loans([
        lent("d", |loan| loan.fee.cents = cents[0]),
        lent("c", |loan| loan.fee.cents = cents[1]),
        lent("b", |loan| loan.fee.cents = cents[2]),
        lent("a", |loan| loan.fee.cents = cents[3]),
    ])
    .await;

    assert_eq!(sorted_by(&loans, "fee").await, ["a", "b", "c", "d"]);
    let fee = |cents| field("fee").greater_than(Fee { cents });
    assert_eq!(found(&loans, fee(cents[1])).await, ["d"]);
    assert_eq!(found(&loans, fee(cents[3])).await, ["b", "c", "d"]);
}

#[tokio::test]
async fn floats_and_booleans_are_compared_by_value() {
    let loans = loans([
        lent("a", |loan| loan.rating = 1e-7),
        lent("b", |loan| {
            loan.rating = -2.5;
            loan.is_overdue = true;
        }),
        lent("c", |loan| loan.rating = 10.0),
    ])
    .await;

    assert_eq!(sorted_by(&loans, "rating").await, ["b", "a", "c"]);
    assert_eq!(
        found(&loans, field("rating").less_than(10)).await,
        ["a", "b"]
    );
    assert_eq!(sorted_by(&loans, "isOverdue").await, ["a", "c", "b"]);
    let overdue = field("isOverdue").equals(true);
    assert_eq!(found(&loans, overdue).await, ["b"]);
}

async fn refused(condition: FieldCondition) -> String {
    let err = loans([]).await.find(condition).await.unwrap_err();
    assert!(err.is_setup());
    err.to_string()
}

#[tokio::test]
async fn value_of_another_type_is_refused() {
    insta::assert_snapshot!(refused(field("dueAt").less_than(5)).await, @"`dueAt` of Loan is compared with 5, but it holds times: compare it with a value of its Rust type");
    insta::assert_snapshot!(refused(field("dueAt").less_than("today")).await, @r#"`dueAt` of Loan is compared with "today", but it holds times: compare it with a value of its Rust type"#);
    insta::assert_snapshot!(refused(field("kind").equals(1)).await, @"`kind` of Loan is compared with 1, but it holds texts: compare it with a value of its Rust type");
    insta::assert_snapshot!(refused(field("fee").at_least(1)).await, @"`fee` of Loan is compared with 1, but it holds numbers: compare it with a value of its Rust type");
    insta::assert_snapshot!(refused(field("isOverdue").equals("yes")).await, @r#"`isOverdue` of Loan is compared with "yes", but it holds booleans: compare it with a value of its Rust type"#);
}

/// The projection of [`Loan`] before fields were declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = book_id, name = "Loan")]
struct OldLoan {
    #[serde(rename = "bookId")]
    book_id: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

struct OldLoanProjector;

impl Projector for OldLoanProjector {
    type Projection = OldLoan;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_lent);
    }
}

impl OldLoanProjector {
    async fn on_lent(&self, event: Lent, rows: &mut Rows<'_, OldLoan>) -> Result<(), Error> {
        let loan = serde_json::to_value(event.loan).expect("it has a JSON form");
        rows.put(serde_json::from_value(loan).expect("it has an id"))
            .await
    }
}

fn start(domain: flow_domain::wiring::DomainBuilder, store: &Arc<dyn Store>) -> App {
    let domain = domain.event_from_outside::<Lent>();
    App::builder(build(domain))
        .shared_store(Arc::clone(store))
        .start()
}

#[tokio::test]
async fn rows_from_before_the_declaration_are_queried_after_a_rebuild() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let old = Domain::builder("library")
        .projection::<OldLoan>()
        .projector(OldLoanProjector);
    let events = [
        lent("b", |loan| loan.due_at = after_start(0)),
        lent("a", |loan| loan.due_at = after_start(5)),
    ];
    start(old, &store).publish(events).await.unwrap();

    let new = Domain::builder("library")
        .projection::<Loan>()
        .projector(LoanProjector);
    let app = start(new, &store);
    let by_due = || app.view::<Loan>().query().order_by("dueAt").all();

    assert_eq!(ids(app.view::<Loan>().query().all().await), ["a", "b"]);
    insta::assert_snapshot!(by_due().await.unwrap_err(), @"row `a` was stored before `dueAt` was declared in `index(..)`: rebuild the projection");

    assert!(app.rebuild::<Loan>().await.unwrap().is_complete());
    assert_eq!(ids(by_due().await), ["b", "a"]);
}

/// Checks that two values are sorted and compared as their type does.
fn check_order<T: Sortable + Ord + Serialize>(left: &T, right: &T) -> Result<(), TestCaseError> {
    let type_name = short_type_name::<T>();
    prop_assert_eq!(
        left.sort_key().cmp(&right.sort_key()),
        left.cmp(right),
        "{}",
        type_name
    );

    // A query finds the value by its JSON.
    let json = flow_domain::json::Json::from_serialize(left).expect("it has a JSON form");
    prop_assert_eq!(
        T::sort_key_of_json(&json),
        Some(left.sort_key()),
        "{}",
        json
    );
    Ok(())
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Sortable)]
struct DueDate(Option<Timestamp>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Sortable)]
#[serde(transparent)]
struct Money {
    cents: i64,
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn keys_are_ordered_like_their_values(
        numbers in any::<(i128, i128)>(),
        small in any::<(u8, u8)>(),
        texts in any::<(String, String)>(),
        booleans in any::<(bool, bool)>(),
        micros in any::<(Option<i32>, Option<i32>)>(),
        nanos in any::<(u64, u64)>(),
        uuids in any::<(u128, u128)>(),
        cents in any::<(i64, i64)>(),
    ) {
        check_order(&numbers.0, &numbers.1)?;
        check_order(&small.0, &small.1)?;
        check_order(&texts.0, &texts.1)?;
        check_order(&booleans.0, &booleans.1)?;
        check_order(&system_time(nanos.0), &system_time(nanos.1))?;
        let uuid = uuid::Uuid::from_u128;
        check_order(&uuid(uuids.0), &uuid(uuids.1))?;
        let due = |micros: Option<i32>| {
            DueDate(micros.map(|micros| Timestamp::from_micros(i64::from(micros) * 7_919)))
        };
        check_order(&due(micros.0), &due(micros.1))?;
        check_order(&Money { cents: cents.0 }, &Money { cents: cents.1 })?;
    }

    #[test]
    fn floats_are_ordered_by_value(left in any::<f64>(), right in any::<f64>()) {
        prop_assume!(left.is_finite() && right.is_finite());

        let order = left.partial_cmp(&right).unwrap_or(Ordering::Equal);
        prop_assert_eq!(left.sort_key().cmp(&right.sort_key()), order);
    }
}

#[tokio::test]
async fn compared_time_is_not_rounded() {
    let loans = loans([lent("a", |loan| loan.due_at = after_start(0))]).await;
    let later = || "2026-01-01T00:00:00.000000500Z";

    assert_eq!(
        found(&loans, field("dueAt").less_than(later())).await,
        ["a"]
    );
    assert!(
        found(&loans, field("dueAt").equals(later()))
            .await
            .is_empty()
    );
}

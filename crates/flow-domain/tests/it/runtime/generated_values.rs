//! Generated values of many types come back exactly, and queries agree with a search of a list.

use std::{cmp::Ordering, collections::BTreeMap};

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event,
    PendingEvents, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    adapter::memory::MemoryStore, clock::Timestamp, field,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde::{Deserialize, Serialize};

use crate::fixture::build;

/// A value of any kind that serde has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Anything {
    Unit,
    Bool(bool),
    Signed(i128),
    Unsigned(u128),
    Double(f64),
    Single(f32),
    Char(char),
    Text(String),
    Time(Timestamp),
    Maybe(Option<Box<Anything>>),
    Pair(Box<Anything>, Box<Anything>),
    Named { left: Box<Anything>, r#type: u8 },
    List(Vec<Anything>),
    ByText(BTreeMap<String, Anything>),
    ByNumber(BTreeMap<i64, Anything>),
    ByLetter(BTreeMap<char, bool>),
}

fn any_thing() -> impl Strategy<Value = Anything> {
    let leaf = prop_oneof![
        Just(Anything::Unit),
        any::<bool>().prop_map(Anything::Bool),
        any::<i128>().prop_map(Anything::Signed),
        any::<u128>().prop_map(Anything::Unsigned),
        any_finite().prop_map(Anything::Double),
        any::<u32>()
            .prop_map(f32::from_bits)
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(Anything::Single),
        any::<char>().prop_map(Anything::Char),
        any::<String>().prop_map(Anything::Text),
        any::<i32>().prop_map(|n| Anything::Time(Timestamp::from_micros(i64::from(n) * 1_001))),
        prop::collection::btree_map(any::<char>(), any::<bool>(), 0..3)
            .prop_map(Anything::ByLetter),
    ];

    leaf.prop_recursive(4, 24, 4, |part| {
        let boxed = || part.clone().prop_map(Box::new);
        prop_oneof![
            prop::option::of(boxed()).prop_map(Anything::Maybe),
            (boxed(), boxed()).prop_map(|(left, right)| Anything::Pair(left, right)),
            (boxed(), any::<u8>()).prop_map(|(left, r#type)| Anything::Named { left, r#type }),
            prop::collection::vec(part.clone(), 0..4).prop_map(Anything::List),
            prop::collection::btree_map(any::<String>(), part.clone(), 0..4)
                .prop_map(Anything::ByText),
            prop::collection::btree_map(any::<i64>(), part, 0..4).prop_map(Anything::ByNumber),
        ]
    })
}

fn any_finite() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |float| float.is_finite())
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(StoreValue), events(Stored))]
struct Safe {
    id: u32,
    content: Option<Anything>,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id)]
struct Copy {
    id: u32,
    content: Anything,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Safe, id = id)]
struct StoreValue {
    id: u32,
    content: Anything,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Safe, id = id)]
struct Stored {
    id: u32,
    content: Anything,
}

impl Apply<Stored> for Safe {
    fn apply(&mut self, event: &Stored) {
        self.id = event.id;
        self.content = Some(event.content.clone());
    }
}

struct SafeHandler;

impl CommandHandler for SafeHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::store_value);
    }
}

impl SafeHandler {
    async fn store_value(&self, command: StoreValue, work: &mut UnitOfWork) -> Result<(), Error> {
        let StoreValue { id, content } = command;
        let copy = work.find::<Copy>(id).await?;
        work.add(Copy {
            content: content.clone(),
            ..copy.unwrap_or_else(|| Copy {
                id,
                content: Anything::Unit,
                raised: PendingEvents::default(),
            })
        })?;

        let mut safe = work.find::<Safe>(id).await?.unwrap_or_default();
        safe.raise(Stored { id, content });
        work.add(safe)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Shown {
    id: u32,
    content: Anything,
}

struct ShownProjector;

impl Projector for ShownProjector {
    type Projection = Shown;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_stored);
    }
}

impl ShownProjector {
    async fn on_stored(&self, event: Stored, rows: &mut Rows<'_, Shown>) -> Result<(), Error> {
        let Stored { id, content } = event;
        rows.put(Shown { id, content }).await
    }
}

/// A row whose declared and undeclared fields have the same values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id, index(number, text, time))]
struct Sorted {
    id: u32,
    number: i128,
    float: f64,
    text: String,
    time: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "list", id = id)]
struct Listed {
    id: u32,
    rows: Vec<Sorted>,
}

struct SortedProjector;

impl Projector for SortedProjector {
    type Projection = Sorted;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_listed);
    }
}

impl SortedProjector {
    async fn on_listed(&self, event: Listed, rows: &mut Rows<'_, Sorted>) -> Result<(), Error> {
        for row in event.rows {
            rows.put(row).await?;
        }
        Ok(())
    }
}

fn app() -> App {
    let domain = Domain::builder("vault")
        .aggregate::<Safe>()
        .aggregate::<Copy>()
        .event_from_outside::<Listed>()
        .projection::<Shown>()
        .projection::<Sorted>()
        .command_handler(SafeHandler)
        .projector(ShownProjector)
        .projector(SortedProjector);
    App::builder(build(domain))
        .store(MemoryStore::default())
        .verify_writes(true)
        .start()
}

/// Calls `check` with generated values, the same in every run.
async fn check_generated<T: std::fmt::Debug>(
    values: impl Strategy<Value = T>,
    mut check: impl AsyncFnMut(T) -> Result<(), Error>,
) {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    });

    for _ in 0..200 {
        let tree = values.new_tree(&mut runner).expect("a value is generated");
        let value = tree.current();
        let text = format!("{value:?}");
        if let Err(err) = check(value).await {
            panic!("{text}: {}", err.with_causes());
        }
    }
}

#[tokio::test]
async fn values_of_every_kind_come_back_exactly() {
    let app = app();
    let mut id = 0;

    check_generated(any_thing(), async |content| {
        id += 1;
        app.process(StoreValue {
            id,
            content: content.clone(),
        })
        .await?;

        let safe = app.load::<Safe>(id).await?.and_then(|safe| safe.content);
        let copy = app.load::<Copy>(id).await?.map(|copy| copy.content);
        let row = app.view::<Shown>().get(id).await?.map(|row| row.content);
        assert!(bits(safe.as_ref()) == bits(Some(&content)), "{safe:?}");
        assert!(bits(copy.as_ref()) == bits(Some(&content)), "{copy:?}");
        assert!(bits(row.as_ref()) == bits(Some(&content)), "{row:?}");
        Ok(())
    })
    .await;
}

/// The `Debug` text of a float has all its bits, and the sign of zero.
fn bits(value: Option<&Anything>) -> String {
    format!("{value:?}")
}

fn any_row() -> impl Strategy<Value = Sorted> {
    (
        0..20_u32,
        prop_oneof![any::<i128>(), -3..3_i128],
        prop_oneof![any_finite(), (-2..2_i8).prop_map(f64::from)],
        prop_oneof![any::<String>(), "[ab]{0,2}"],
        prop::option::of((0..4_i64).prop_map(|n| Timestamp::from_micros(n * 500_000))),
    )
        .prop_map(|(id, number, float, text, time)| Sorted {
            id,
            number,
            float,
            text,
            time,
        })
}

#[tokio::test]
async fn queries_find_and_sort_generated_rows_by_type() {
    check_generated(prop::collection::vec(any_row(), 1..40), async |rows| {
        let app = app();
        app.publish(Listed {
            id: 1,
            rows: rows.clone(),
        })
        .await?;
        // A later row replaces an earlier one with the same id. Ids are sorted as texts.
        let stored: BTreeMap<String, Sorted> = rows
            .into_iter()
            .map(|row| (row.id.to_string(), row))
            .collect();
        let stored: Vec<&Sorted> = stored.values().collect();
        let pivot = stored[0];
        let view = app.view::<Sorted>();

        let mut by_number = stored.clone();
        by_number.sort_by_key(|row| row.number);
        assert_same(&view.query().order_by("number").all().await?, &by_number);

        let mut by_time = stored.clone();
        by_time.sort_by_key(|row| (std::cmp::Reverse(row.time), row.text.clone()));
        let query = view.query().order_by_descending("time").order_by("text");
        assert_same(&query.all().await?, &by_time);

        let mut by_float = stored.clone();
        by_float.sort_by(|left, right| left.float.partial_cmp(&right.float).expect("finite"));
        assert_same(&view.query().order_by("float").all().await?, &by_float);

        let mut found = stored.clone();
        found.retain(|row| pivot.number < row.number && row.text <= pivot.text);
        let query = view
            .query()
            .filter(field("number").greater_than(pivot.number))
            .filter(field("text").at_most(&pivot.text));
        assert_same(&query.all().await?, &found);

        let mut found = stored.clone();
        found.retain(|row| row.float.partial_cmp(&pivot.float) != Some(Ordering::Equal));
        let query = view
            .query()
            .filter(field("float").differs_from(pivot.float));
        assert_same(&query.all().await?, &found);
        Ok(())
    })
    .await;
}

fn assert_same(found: &[Sorted], expected: &[&Sorted]) {
    let ids = |row: &Sorted| row.id;
    let found_ids: Vec<u32> = found.iter().map(ids).collect();
    let expected_ids: Vec<u32> = expected.iter().map(|row| row.id).collect();
    assert_eq!(found_ids, expected_ids);
    assert!(found.iter().eq(expected.iter().copied()));
}

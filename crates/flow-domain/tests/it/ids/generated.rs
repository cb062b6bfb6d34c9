//! Generated ids: what is stored under an id is found by the same id, and only by it.

use std::{collections::BTreeMap, fmt};

use flow_domain::{
    App, Domain, Error, Event, Id, Projection, Projector, ProjectorRoutes, Rows,
    adapter::memory::MemoryStore, wiring::DomainBuilder,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fixture::build;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Id)]
struct Name(String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Id)]
struct Wrapped {
    name: Box<Name>,
}

/// Defines a domain that counts in one row for each id of the type `$id`.
macro_rules! counting_domain {
    ($module:ident, $id:ty) => {
        mod $module {
            use super::*;

            #[derive(Debug, Serialize, Deserialize, Event)]
            #[event(category = "thing", id = id)]
            struct Seen {
                id: $id,
            }

            #[derive(Debug, Serialize, Deserialize, Projection)]
            #[projection(id = id)]
            struct Count {
                id: $id,
                n: u32,
            }

            struct Counter;

            impl Projector for Counter {
                type Projection = Count;

                fn routes(on: &mut ProjectorRoutes<Self>) {
                    on.event(Self::on_seen);
                }
            }

            impl Counter {
                async fn on_seen(
                    &self,
                    event: Seen,
                    rows: &mut Rows<'_, Count>,
                ) -> Result<(), Error> {
                    let n = rows.get(&event.id).await?.map_or(0, |row| row.n);
                    rows.put(Count {
                        id: event.id,
                        n: n + 1,
                    })
                    .await
                }
            }

            pub(super) fn domain() -> DomainBuilder {
                Domain::builder("counting")
                    .event_from_outside::<Seen>()
                    .projection::<Count>()
                    .projector(Counter)
            }

            pub(super) async fn see(app: &App, id: $id) {
                app.publish(Seen { id }).await.unwrap();
            }

            pub(super) async fn count(app: &App, id: &$id) -> Option<u32> {
                app.view::<Count>().get(id).await.unwrap().map(|row| row.n)
            }
        }
    };
}

counting_domain!(names, Name);
counting_domain!(wrapped, Wrapped);
counting_domain!(numbers, i128);
counting_domain!(chars, char);
counting_domain!(uuids, Uuid);

fn any_key() -> impl Strategy<Value = String> {
    // Texts that many stores confuse, and texts of all characters that a key may have.
    let similar = prop::sample::select(vec![
        "a",
        "A",
        "a ",
        " a",
        "é",
        "e\u{301}",
        "ss",
        "ß",
        "a%",
        "a_",
        "a'",
        "a\"",
        "a/",
        "a\\",
        "a-b",
        "\u{feff}a",
        "１",
        "1",
        "01",
        "null",
        "🦀",
    ]);
    prop_oneof![
        similar.prop_map(str::to_owned),
        "[^\\p{Cc}]{1,20}",
        "[a-zé]{250,256}".prop_map(|text| text.chars().take(256).collect()),
    ]
}

/// Checks that a row is found by each id, and that it counts only the events of this id.
fn check<I>(
    strategy: impl Strategy<Value = I>,
    domain: fn() -> DomainBuilder,
    see: impl AsyncFn(&App, I),
    count: impl AsyncFn(&App, &I) -> Option<u32>,
) where
    I: Ord + Clone + fmt::Debug,
{
    let config = Config {
        cases: 64,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();

    let ids = prop::collection::vec(strategy, 1..20);
    let result = TestRunner::new(config).run(&ids, |ids| {
        runtime.block_on(async {
            let app = App::builder(build(domain()))
                .store(MemoryStore::default())
                .start();
            let mut expected: BTreeMap<I, u32> = BTreeMap::new();
            for id in ids {
                *expected.entry(id.clone()).or_default() += 1;
                see(&app, id).await;
            }

            for (id, n) in expected {
                prop_assert_eq!(count(&app, &id).await, Some(n), "{:?}", id);
            }
            Ok(())
        })
    });
    result.unwrap();
}

#[test]
fn generated_texts_are_found() {
    check(
        any_key().prop_map(Name),
        names::domain,
        names::see,
        names::count,
    );
}

#[test]
fn generated_newtypes_of_newtypes_are_found() {
    let ids = any_key().prop_map(|key| Wrapped {
        name: Box::new(Name(key)),
    });
    check(ids, wrapped::domain, wrapped::see, wrapped::count);
}

#[test]
fn generated_numbers_chars_and_uuids_are_found() {
    let numbers = prop_oneof![any::<i128>(), -3..3_i128];
    check(numbers, numbers::domain, numbers::see, numbers::count);

    let printed = any::<char>().prop_filter("a key", |char| !char.is_ascii_control());
    check(printed, chars::domain, chars::see, chars::count);

    let uuids = any::<u128>().prop_map(Uuid::from_u128);
    check(uuids, uuids::domain, uuids::see, uuids::count);
}
